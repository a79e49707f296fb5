/*
 * One setting of the kernel's network that a marked tunnel needs: the mark of a packet counts when
 * its reverse path is looked for (net.ipv4.conf.all.src_valid_mark). Any thread.
 */
#ifndef MV_EDGE_SYSCTL_H
#define MV_EDGE_SYSCTL_H

#include <stdbool.h>

/* -errno. */
int mv_sysctl_get_src_valid_mark(bool *is_set);

/* -EROFS: a container that may not. Other -errno. */
int mv_sysctl_set_src_valid_mark(bool is_set);

#endif
