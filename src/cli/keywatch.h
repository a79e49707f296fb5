/*
 * Pre-shared keys in files that other programs renew: watches each such file while the tunnel is
 * up, and gives a new key to the device, which uses it from the next handshake on. What is in the
 * file counts when it is a whole key; whatever else it may be, the old key stays. Lives in the
 * control loop, with the privileges of the session.
 */
#ifndef MV_CLI_KEYWATCH_H
#define MV_CLI_KEYWATCH_H

#include "base/log.h"
#include "edge/loop.h"
#include "tunnel/change.h"
#include "tunnel/snapshot.h"

struct mv_keywatch;

/* -ENOMEM. */
int mv_keywatch_create(
	struct mv_keywatch **created, struct mv_loop *loop, const struct mv_log *log);

/* To be told of each list of changes that the device has carried out: which files are watched from
 * now on. What is wrong is logged. */
void mv_keywatch_follow(struct mv_keywatch *keys, const struct mv_changes *changes);

/* Writes into the snapshot which files are watched. */
void mv_keywatch_complete(const struct mv_keywatch *keys, struct mv_snapshot *snapshot);

/* Before the loop is destroyed. NULL is allowed. */
void mv_keywatch_close(struct mv_keywatch *keys);

#endif
