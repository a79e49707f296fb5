/*
 * What the plain test programs share: a check that ends the program, from any of its threads.
 */
#ifndef MV_TESTS_TSAN_REQUIRE_H
#define MV_TESTS_TSAN_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
