#include "config/shown.h"

#include <stdio.h>
#include <string.h>

#define RUN_MAX  36 /* a key is 43 digits of base64; what is cut from one is a secret too */
#define SHOW_MAX 50

bool mv_shown_hides(const char *value)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

	while (*value) {
		size_t run = strspn(value, digits);

		if (run >= RUN_MAX) {
			return true;
		}
		value += run;
		value += strcspn(value, digits);
	}
	return false;
}

const char *mv_shown(char text[static MV_SHOWN_MAX], const char *value)
{
	if (mv_shown_hides(value)) {
		snprintf(text, MV_SHOWN_MAX, "(hidden: it could be a key)");
	} else if (strlen(value) > SHOW_MAX) {
		snprintf(text, MV_SHOWN_MAX, "'%.*s...'", SHOW_MAX, value);
	} else {
		snprintf(text, MV_SHOWN_MAX, "'%s'", value);
	}
	return text;
}
