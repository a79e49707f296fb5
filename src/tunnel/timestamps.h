/*
 * The timestamps of initiations, kept over a restart. A peer takes no initiation whose timestamp is
 * not later than all that it has seen of this key (paper, section 5.1), so a machine that boots
 * with a clock that is behind would be locked out until its clock has caught up.
 *
 * Each peer has its own: it is sent what the clock says, or where it was sent that or later, the
 * least that is later still. So a clock that was once far ahead, by mistake or by an attacker's
 * hand, goes on only towards those who were told of it; nobody else is drawn into the future, now
 * or after a restart (CVE-2021-46873).
 *
 * Nothing is written here. A device whose environment keeps timestamps makes no initiation that
 * goes beyond what is reserved: mv_outbox_fill stops before it, and mv_timestamps_are_due says so.
 * Whoever drives the device then reserves a stretch for all, writes it down, and fills the outbox
 * again. A machine that loses its power goes on behind the stretch, and not each handshake needs a
 * write.
 *
 * Control loop only.
 */
#ifndef MV_TUNNEL_TIMESTAMPS_H
#define MV_TUNNEL_TIMESTAMPS_H

#include "proto/messages.h"
#include "tunnel/device.h"

struct mv_peer;

struct mv_sent_timestamp {
	uint8_t public_key[MV_KEY_LEN]; /* the peer's */
	uint8_t timestamp[MV_TIMESTAMP_LEN];
};

struct mv_timestamps {
	uint8_t public_key[MV_KEY_LEN]; /* our own: they count for no other */
	struct mv_sent_timestamp *list;
	size_t count;
};

void mv_timestamps_uninit(struct mv_timestamps *timestamps);

/* An initiation waits for more to be reserved. */
bool mv_timestamps_are_due(const struct mv_device *device);

/*
 * Nothing is due for so many seconds of the clock: for those peers whose initiation waits, and, so
 * that they need no write of their own, for those that were sent one within a day. A peer that was
 * told of a time ahead of the clock needs no more than a grain for each initiation, and gets three
 * seconds: so a machine that fails again and again goes ahead of its clock no faster than that.
 */
void mv_timestamps_reserve(struct mv_device *device, struct mv_now now, uint32_t seconds);

/* More is reserved than was sent: what ends in order releases it, and so goes on from its clock
 * next time, if that is right. */
bool mv_timestamps_are_reserved(const struct mv_device *device);
void mv_timestamps_release(struct mv_device *device);

/* What is reserved, to be written down, and then to be freed by mv_timestamps_uninit. -ENOMEM. */
int mv_timestamps_copy(struct mv_device *device, struct mv_timestamps *timestamps);

/* What was written down last time. Peers that are not there, and another identity's timestamps, are
 * passed over; what was sent since stays if it is later. */
void mv_timestamps_restore(struct mv_device *device, const struct mv_timestamps *timestamps);

/* May an initiation to this peer be made now? If not it is due. For tunnel/outbox, under the lock.
 */
bool mv_timestamps_cover_locked(
	struct mv_device *device, const struct mv_peer *peer, struct mv_now now);

#endif
