/*
 * The positive control of the thread sanitizer: two threads count in one place, and one of them
 * forgets the lock. Under the sanitizer it must leave a report and fail; without, it says nothing.
 */
#include <uv.h>

#include "require.h"

#define COUNTS 1000

struct tally {
	uv_mutex_t mutex;
	unsigned count;
};

static void count_locked(void *arg)
{
	struct tally *tally = arg;

	for (unsigned i = 0; i < COUNTS; i++) {
		uv_mutex_lock(&tally->mutex);
		tally->count++;
		uv_mutex_unlock(&tally->mutex);
	}
}

static void count_unlocked(void *arg)
{
	struct tally *tally = arg;

	for (unsigned i = 0; i < COUNTS; i++) {
		tally->count++;
	}
}

int main(void)
{
	struct tally tally = {.count = 0};
	uv_thread_t right, wrong;

	REQUIRE(uv_mutex_init(&tally.mutex) == 0);
	REQUIRE(uv_thread_create(&right, count_locked, &tally) == 0);
	REQUIRE(uv_thread_create(&wrong, count_unlocked, &tally) == 0);
	uv_thread_join(&right);
	uv_thread_join(&wrong);
	uv_mutex_destroy(&tally.mutex);
	return 0;
}
