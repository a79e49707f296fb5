/*
 * The bytes of a fuzzer, read as numbers and pieces: whoever reads past the end gets zeros and
 * empty pieces, so that every input means something.
 */
#ifndef MV_TESTS_FUZZ_INPUT_H
#define MV_TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t input_byte(struct input *input)
{
	if (input->left == 0) {
		return 0;
	}
	input->left--;
	return *input->at++;
}

/* Of so many bytes, in little endian. */
static inline uint64_t input_number(struct input *input, unsigned bytes)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < bytes; i++) {
		number |= (uint64_t)input_byte(input) << 8 * i;
	}
	return number;
}

/* So many bytes, or as many as there are. */
static inline struct input input_piece(struct input *input, size_t len)
{
	struct input piece = {input->at, len < input->left ? len : input->left};

	input->at += piece.left;
	input->left -= piece.left;
	return piece;
}

/* What must always hold, whatever the input is. */
static inline void demand(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "violated: %s\n", what);
		abort();
	}
}

#endif
