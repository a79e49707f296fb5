/*
 * The control loop: the program's main thread while a tunnel is up. It owns the device, its lock,
 * the lane and everything that is slow or seldom: timers, handshakes, names, signals, the state of
 * the link. It may be slow; data does not wait for it.
 */
#ifndef MV_EDGE_LOOP_H
#define MV_EDGE_LOOP_H

#include <uv.h>

#include "base/log.h"
#include "edge/lane.h"
#include "edge/tun.h"
#include "edge/udp.h"
#include "tunnel/device.h"

struct mv_loop;

/* Open descriptors go over to the loop, also when creating it fails. */
struct mv_loop_config {
	size_t lanes; /* 1 to MV_LANES_MAX, each with a queue and sockets of its own */
	struct mv_tun tuns[MV_LANES_MAX];
	struct mv_udp udps[MV_LANES_MAX];
	uint16_t wanted_port;       /* that was asked for, 0: any */
	bool offload;               /* asked for, should sockets be opened anew */
	struct mv_netlink *monitor; /* NULL: the loop opens one itself (mv_netlink_monitor_open) */
	/* For questions about the device, of its namespace; NULL: it is where this process is. */
	struct mv_netlink *requests;
	struct mv_log log;
	const struct mv_aead_provider *aead;   /* of data; NULL: libsodium */
	const struct mv_lane_sharing *sharing; /* NULL: what measures best */
	/* As in mv_lane_config. */
	void (*watch)(void *ctx, enum mv_direction direction, const uint8_t *packet, size_t len);
	void *watch_ctx;
	/* Where the timestamps of handshakes are kept (edge/record), for as long as the loop lives;
	 * NULL: nowhere. */
	const char *record_folder;
};

/* Starts no thread yet. -errno. */
int mv_loop_create(struct mv_loop **created, const struct mv_loop_config *config);

/* For handles of others, like the control socket: they live in the control loop's thread. */
uv_loop_t *mv_loop_uv(struct mv_loop *loop);

struct mv_device *mv_loop_device(struct mv_loop *loop);

/*
 * Changes the device, its sockets and where its peers may be, whole or not at all. -errno of
 * mv_device_apply and mv_sockets_prepare. With a new port the lanes stand still for a moment, and
 * what peers still send to the old one is taken for a while.
 */
int mv_loop_apply(struct mv_loop *loop, const struct mv_changes *changes);

/* A snapshot of the device with what only the edge knows; NULL without memory. */
struct mv_snapshot *mv_loop_snapshot(struct mv_loop *loop);

/* Starts the lane, takes over the state of the link, and begins to resolve names. From here on
 * packets flow. -errno. */
int mv_loop_start(struct mv_loop *loop);

/* Until SIGINT, SIGTERM, mv_loop_stop, or the deletion of the tunnel interface. Nothing that comes
 * up later is sent. */
void mv_loop_run(struct mv_loop *loop);

/* From the loop's own thread. */
void mv_loop_stop(struct mv_loop *loop);

/*
 * Stops the lane, wipes all keys, closes everything; the tunnel interface is gone then. Handles of
 * others must have been given to uv_close. False: the system's resolver is still busy with a name,
 * and the process should end by _exit instead of waiting for it. NULL is allowed.
 */
bool mv_loop_destroy(struct mv_loop *loop);

#endif
