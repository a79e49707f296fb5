/*
 * The firewall that a default route through the tunnel needs, in a table of its own for each
 * device and family, by libnftables:
 *
 * - Whatever comes in from elsewhere for an own address inside the tunnel is dropped: who shares a
 *   network with this machine shall not reach what only the tunnel should.
 * - The mark of the tunnel's datagrams is kept with their connection, and given to what answers
 *   them: so a reverse-path filter looks for their way as for that of the datagrams themselves.
 *
 * The library is loaded when it is needed, and only then: a tunnel without a default route does
 * without it, and without its memory.
 */
#ifndef MV_EDGE_FIREWALL_H
#define MV_EDGE_FIREWALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define MV_FIREWALL_WHY_MAX 256

/*
 * Makes the table anew, in one transaction. addresses: those of the device, of which only the
 * family's count. -ELIBACC: there is no libnftables here; -EPROTO: it refused, and `why` says what
 * it said.
 */
int mv_firewall_add(const char *device, enum mv_family family, uint32_t mark,
	const struct mv_prefix *addresses, size_t count, char why[static MV_FIREWALL_WHY_MAX]);

/* As above. A table that is not there counts as removed. */
int mv_firewall_remove(
	const char *device, enum mv_family family, char why[static MV_FIREWALL_WHY_MAX]);

#endif
