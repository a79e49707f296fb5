#include "config/shown.h"

#include <stdio.h>
#include <string.h>

#include "crypto/keytext.h"

#define SHOW_MAX 50

bool mv_shown_hides(const char *value)
{
	return mv_keytext_is_likely(value);
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
