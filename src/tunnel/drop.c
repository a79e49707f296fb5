#include "tunnel/drop.h"

#include <string.h>

struct name {
	const char *word;
	const char *text;
};

static const struct name names[MV_DROP_COUNT] = {[MV_DROP_NONE] = {"none", "nothing was dropped"},
#define MV_DROP_ENTRY(name, word, text) [MV_DROP_##name] = {word, text},
	MV_DROPS(MV_DROP_ENTRY)
#undef MV_DROP_ENTRY
};

const char *mv_drop_word(enum mv_drop drop)
{
	return names[drop].word;
}

const char *mv_drop_text(enum mv_drop drop)
{
	return names[drop].text;
}

enum mv_drop mv_drop_from_word(const char *word)
{
	unsigned drop = 0;

	while (drop < MV_DROP_COUNT && strcmp(names[drop].word, word) != 0) {
		drop++;
	}
	return (enum mv_drop)drop;
}
