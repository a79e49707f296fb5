/*
 * Giving up what the program does not need. To be called once, in the process that runs the tunnel,
 * after sockets and devices are open and before the first thread: capabilities are a thread's.
 */
#ifndef MV_EDGE_SANDBOX_H
#define MV_EDGE_SANDBOX_H

#include <stdbool.h>

/*
 * Lets keys be locked in memory as far as the system allows, and keeps them out of core dumps and
 * debuggers. To be called before any key is read. What is refused is no error: sodium wipes all the
 * same.
 */
void mv_sandbox_protect_memory(void);

/* Every capability but CAP_NET_ADMIN and CAP_NET_BIND_SERVICE goes, and none can come back through
 * a program that is executed: that gets nothing, or, if it inherits, as root these two. -errno. */
int mv_sandbox_drop_capabilities(bool program_inherits);

#endif
