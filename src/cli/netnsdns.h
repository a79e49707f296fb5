/*
 * Servers of names for a network namespace with a name: the file that `ip netns exec` shows its
 * programs in the place of /etc/resolv.conf. One thread.
 */
#ifndef MV_CLI_NETNSDNS_H
#define MV_CLI_NETNSDNS_H

#include <stdbool.h>

#define MV_NETNSDNS_FOLDER "/etc/netns"

/* A namespace that is given by a path has none. */
bool mv_netnsdns_is_possible(const char *place);

/* Makes /etc/netns/NAME/resolv.conf for this device, or changes it. -EEXIST: there is one, of
 * somebody else. Other -errno. */
int mv_netnsdns_set(const char *name, const char *device, const char *text);

/* Removes it if it is of this device, and folders that are empty then. What is gone, or of somebody
 * else, counts as done. -errno. */
int mv_netnsdns_remove(const char *name, const char *device);

#endif
