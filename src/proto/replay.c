#include "proto/replay.h"

#include "proto/messages.h"

/* Numbers are counter + 1, so that 0 can mean "none yet"; below the limit that never wraps. */
bool mv_replay_accept(struct mv_replay *replay, uint64_t counter)
{
	if (counter >= MV_REJECT_AFTER_MESSAGES) {
		return false;
	}
	uint64_t number = counter + 1;
	if (number + MV_REPLAY_WINDOW < replay->top) {
		return false;
	}

	uint64_t word = number / 64;
	if (number > replay->top) {
		uint64_t top_word = replay->top / 64;
		uint64_t fresh =
			word - top_word < MV_REPLAY_WORDS ? word - top_word : MV_REPLAY_WORDS;

		for (uint64_t i = 1; i <= fresh; i++) {
			replay->words[(top_word + i) % MV_REPLAY_WORDS] = 0;
		}
		replay->top = number;
	}

	uint64_t *bits = &replay->words[word % MV_REPLAY_WORDS];
	uint64_t bit = UINT64_C(1) << (number % 64);
	if (*bits & bit) {
		return false;
	}
	*bits |= bit;
	return true;
}
