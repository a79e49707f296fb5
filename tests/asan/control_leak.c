/*
 * The positive control of the address sanitizer: a leak that must be reported. tests/run.sh fails
 * if it is not.
 */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *volatile lost = strdup("nobody frees this");

	lost = NULL;
	return lost != NULL;
}
