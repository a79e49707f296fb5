/*
 * Faults on demand. The linker leads every call of the program's own code that the system may
 * refuse (CALLS in CMakeLists.txt) through here: to memory, to the kernel, to libuv's handles and
 * to libmnl. What libraries do inside of themselves is left alone. Two ways to strike:
 *
 *   by number  the n-th such call of this thread fails, whatever it is: so a loop over n makes
 *              each one fail once
 *   by name    the next calls of one function on one descriptor fail, in any thread
 */
#ifndef MV_TESTS_FAULT_FAULT_H
#define MV_TESTS_FAULT_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* The n-th call from now on, of this thread, fails; 1 is the next. */
void fault_arm(unsigned n);

/* No more of that. The name of the call that failed; NULL: it did not come to n calls. */
const char *fault_disarm(void);

/*
 * One attempt at something: prepares, arms with n, acts, disarms into *refused, checks that all or
 * nothing was done, cleans up. 0 or a negative errno: what the act said.
 */
typedef int fault_attempt(unsigned n, const char **refused);

/*
 * Attempts with the first call refused, then with the second, until nothing is refused any more;
 * how many there were. Ends the process where a refusal goes unnoticed, unless it is of one of the
 * bearable calls (NULL ends the list), or where an attempt leaves memory or descriptors behind.
 */
unsigned fault_each(const char *what, fault_attempt *attempt, const char *const *bearable);

/* The next `times` calls of read, write, recvmsg or sendmsg, or of their sisters that carry many,
 * on this descriptor fail with this errno. For poll, which asks for one descriptor: it returns 0,
 * as if its time were over. */
void fault_strike(const char *call, int fd, int error, unsigned times);

/* How many of them have not failed yet. */
unsigned fault_left(void);

/* From now on recvmsg and recvmmsg have room for so many bytes on this descriptor, whatever it is
 * given; 0 ends it. */
void fault_clip(int fd, size_t room);

/* What was allocated by calls that are led through here, libuv's among them, and not freed. To be
 * watched from the beginning: fault_init comes before any of it. */
void fault_init(void);
long fault_live_allocations(void);

/* Open descriptors of this process. */
unsigned fault_open_descriptors(void);

#endif
