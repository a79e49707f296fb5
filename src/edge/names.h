/*
 * Where peers may be: keeps the list of endpoints of each peer that was given one, its names
 * resolved, and tells the device the addresses to try (tunnel/candidates), which says in turn when
 * names should be asked again. Belongs to the control loop's thread.
 */
#ifndef MV_EDGE_NAMES_H
#define MV_EDGE_NAMES_H

#include <uv.h>

#include "base/log.h"
#include "tunnel/device.h"

struct mv_names;

/* To be called before there are threads. -ENOMEM. */
int mv_names_create(struct mv_names **created, uv_loop_t *loop, struct mv_device *device,
	const struct mv_log *log);

/* mv_device_apply, and what the list says of endpoints: whole or not at all. -errno of that, and
 * -ENOMEM. */
int mv_names_apply(struct mv_names *names, const struct mv_changes *changes);

/* From now on names are asked for: this starts threads. */
void mv_names_start(struct mv_names *names);

/* Asks again for the names that the device wants. */
void mv_names_serve(struct mv_names *names);

/* Addresses or routes of this machine have changed. */
void mv_names_hurry(struct mv_names *names);

/* Puts what was said of the peers, and what is wrong with it, into the snapshot. Without memory it
 * is left out. */
void mv_names_complete(const struct mv_names *names, struct mv_snapshot *snapshot);

/* As mv_name_close (edge/resolve) for all of them. NULL is allowed. */
void mv_names_close(struct mv_names *names);

#endif
