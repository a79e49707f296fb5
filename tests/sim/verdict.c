#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const words[INVARIANT_COUNT] = {[INVARIANT_NONE] = "none",
#define INVARIANT_WORD(name, word, text) [INVARIANT_##name] = (word),
	INVARIANTS(INVARIANT_WORD)
#undef INVARIANT_WORD
};

static const char *const texts[INVARIANT_COUNT] = {[INVARIANT_NONE] = "all is well",
#define INVARIANT_TEXT(name, word, text) [INVARIANT_##name] = (text),
	INVARIANTS(INVARIANT_TEXT)
#undef INVARIANT_TEXT
};

const char *invariant_word(enum invariant invariant)
{
	return words[invariant];
}

const char *invariant_text(enum invariant invariant)
{
	return texts[invariant];
}

enum invariant invariant_from_word(const char *word)
{
	unsigned invariant = INVARIANT_NONE;

	while (invariant < INVARIANT_COUNT && strcmp(words[invariant], word) != 0) {
		invariant++;
	}
	return invariant;
}

void verdict_fail(
	struct verdict *verdict, enum invariant invariant, uint64_t now_ns, const char *format, ...)
{
	va_list arguments;

	if (verdict->broken != INVARIANT_NONE) {
		return;
	}
	verdict->broken = invariant;
	verdict->at_ns = now_ns;
	va_start(arguments, format);
	vsnprintf(verdict->text, sizeof(verdict->text), format, arguments);
	va_end(arguments);
}
