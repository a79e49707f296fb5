#include "edge/ports.h"

#include <string.h>

#include "edge/clock.h"

/* So long may a datagram be under way to a port that was left. */
#define LEAVE_MS 1000

void mv_ports_init(struct mv_ports *ports, uv_loop_t *loop)
{
	uv_timer_init(loop, &ports->leave);
	ports->leave.data = ports;
}

/* Once they have stood still. */
static int restart_lanes(struct mv_ports *ports)
{
	const struct mv_sockets *sockets = &ports->sockets;

	for (size_t i = 0; i < ports->lanes.count; i++) {
		ports->lanes.configs[i].left = sockets->has_left ? &sockets->left[i] : NULL;
	}
	int error = mv_lanes_start(&ports->lanes);
	if (error < 0) {
		mv_log(&ports->log, MV_LOG_ERROR, "cannot go on with other sockets: %s",
			strerror(-error));
		ports->failed(ports->ctx);
	}
	return error;
}

static void on_leave(uv_timer_t *leave)
{
	struct mv_ports *ports = leave->data;

	mv_lanes_stop(&ports->lanes);
	mv_sockets_close_left(&ports->sockets);
	(void)restart_lanes(ports);
}

int mv_ports_commit(struct mv_ports *ports, struct mv_sockets_change *change)
{
	bool did_run = mv_lanes_run(&ports->lanes);

	if (!change->has_new_port) {
		mv_sockets_commit(&ports->sockets, change);
		return 0;
	}
	mv_lanes_stop(&ports->lanes);
	mv_sockets_commit(&ports->sockets, change);
	if (!did_run) {
		mv_sockets_close_left(&ports->sockets);
		return 0;
	}
	mv_device_announce(ports->device, mv_clock_sample());
	uv_timer_start(&ports->leave, on_leave, LEAVE_MS, 0);
	return restart_lanes(ports);
}
