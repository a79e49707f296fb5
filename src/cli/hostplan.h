/*
 * What a peer file asks of this machine: the host state, with what the file leaves open decided by
 * what the machine has. Reads by rtnetlink, changes nothing.
 */
#ifndef MV_CLI_HOSTPLAN_H
#define MV_CLI_HOSTPLAN_H

#include "cli/hostrecord.h"
#include "config/config.h"
#include "edge/hoststate.h"

struct mv_hostplan {
	struct mv_hoststate state; /* borrows the addresses of the configuration */
	char *dns;
	bool sockets_are_apart; /* in another network namespace */
	uint32_t fwmark;        /* of the tunnel's own datagrams; 0: none is needed */
};

/*
 * MTU: the file's, else 80 bytes less than the narrowest way to an endpoint takes. Routes: for the
 * allowed IPs, where Table says. Where one of them is a default route, or might lead the tunnel's
 * datagrams into the tunnel, it goes into a table of its own, which what bears the mark does not
 * ask. now: what was done for the tunnel that is there, which keeps its mark; NULL: there is none.
 * -errno; to be given to mv_hostplan_uninit in any case.
 *
 * mtu_outside: where the sockets are in another network namespace, what mv_hostplan_mtu has found
 * there; then no route leads sealed packets into the tunnel, and all of them go where Table says.
 * 0: they are in this one.
 */
int mv_hostplan_init(struct mv_hostplan *plan, const struct mv_config *config, uint32_t mtu_outside,
	struct mv_hostrecord *now);
void mv_hostplan_uninit(struct mv_hostplan *plan);

/* The MTU as above, by the ways of the network namespace at hand. -errno. */
int mv_hostplan_mtu(uint32_t *mtu, const struct mv_config *config);

#endif
