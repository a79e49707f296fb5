/*
 * The positive control of the address sanitizer: a leak that must be reported. tests/run.sh fails
 * if it is not.
 */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	/* Loops, so that no register and no stack slot still points there at the end. */
	for (int i = 0; i < 100; i++) {
		char *volatile lost = strdup("nobody frees this"); // NOLINT

		lost = NULL; // NOLINT
	}                    // NOLINT
	return 0;
}
