#include "edge/sockets.h"

#include <string.h>

static int mark_all(const struct mv_udp *udps, size_t lanes, uint32_t mark)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < lanes; i++) {
		error = mv_udp_mark(&udps[i], mark);
	}
	return error;
}

static int open_port(const struct mv_sockets *sockets, struct mv_sockets_change *change)
{
	change->goes_back = sockets->has_left && change->wanted_port == sockets->left[0].port;
	if (change->goes_back) {
		memcpy(change->udps, sockets->left, sizeof(change->udps));
	} else {
		int error = mv_udp_open_lanes(
			change->udps, sockets->lanes, change->wanted_port, sockets->offload);

		if (error < 0) {
			return error;
		}
	}
	change->has_new_port = true;
	return change->mark == 0 && !change->goes_back
		       ? 0
		       : mark_all(change->udps, sockets->lanes, change->mark);
}

int mv_sockets_prepare(const struct mv_sockets *sockets, struct mv_sockets_change *change,
	const struct mv_changes *changes)
{
	const struct mv_change *port = mv_changes_last(changes, MV_CHANGE_LISTEN_PORT);
	const struct mv_change *mark = mv_changes_last(changes, MV_CHANGE_FWMARK);
	int error = 0;

	*change = (struct mv_sockets_change){
		.wanted_port = port ? (uint16_t)port->number : sockets->wanted_port,
		.mark = mark ? mark->number : sockets->mark};

	/* The port that was free is asked for by its number: it is there already. */
	bool has_it = change->wanted_port == sockets->wanted_port ||
		      change->wanted_port == sockets->udps[0].port;
	if (!has_it) {
		error = open_port(sockets, change);
	} else if (change->mark != sockets->mark) {
		error = mark_all(sockets->udps, sockets->lanes, change->mark);
	}
	if (error < 0) {
		mv_sockets_undo(sockets, change);
	}
	return error;
}

void mv_sockets_undo(const struct mv_sockets *sockets, struct mv_sockets_change *change)
{
	if (change->has_new_port && !change->goes_back) {
		mv_udp_close_lanes(change->udps, sockets->lanes);
	} else if (change->mark != sockets->mark) {
		(void)mark_all(sockets->udps, sockets->lanes, sockets->mark);
	}
}

void mv_sockets_commit(struct mv_sockets *sockets, struct mv_sockets_change *change)
{
	sockets->wanted_port = change->wanted_port;
	sockets->mark = change->mark;
	if (change->has_new_port) {
		if (!change->goes_back) {
			mv_sockets_close_left(sockets);
		}
		memcpy(sockets->left, sockets->udps, sizeof(sockets->left));
		sockets->has_left = true;
		memcpy(sockets->udps, change->udps, sizeof(sockets->udps));
	}
}

void mv_sockets_close_left(struct mv_sockets *sockets)
{
	if (sockets->has_left) {
		mv_udp_close_lanes(sockets->left, sockets->lanes);
	}
	sockets->has_left = false;
}
