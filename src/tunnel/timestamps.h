/*
 * The timestamps of initiations, kept over a restart. A peer takes no initiation whose timestamp is
 * not later than all that it has seen of this key (paper, section 5.1), so a machine that boots
 * with a clock that is behind would be locked out until its clock has caught up.
 *
 * Each peer has its own: it is sent what the clock says, or where it has seen that or later, the
 * least that is later still. So a clock that was once far ahead, by mistake or by an attacker's
 * hand, goes on only towards those who have heard of it and would not listen otherwise; nobody else
 * is drawn into the future, now or after a restart (CVE-2021-46873).
 *
 * Nothing is written here. When an initiation is to go out that goes beyond what was reserved,
 * mv_timestamps_are_due says so, and whoever drives the device reserves and writes down a stretch
 * ahead before it sends. A machine that loses its power then goes on behind the stretch, and not
 * each handshake needs a write.
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

/* What lies in the outbox must not be sent before more was reserved. */
bool mv_timestamps_are_due(const struct mv_device *device);

/* More is reserved than was sent: a tunnel that ends in order reserves 0 s ahead, and so goes on
 * from its clock next time, if that is right. */
bool mv_timestamps_are_reserved(const struct mv_device *device);

/*
 * The last timestamp of each peer that has got one, moved ahead by so many seconds: from now on
 * nothing is due until one of them is passed, also if they could not be written down. To be freed
 * by mv_timestamps_uninit. -ENOMEM.
 */
int mv_timestamps_reserve(
	struct mv_device *device, uint32_t ahead_s, struct mv_timestamps *timestamps);

/* What was written down last time. Peers that are not there, and another identity's timestamps, are
 * passed over; what was sent since stays if it is later. */
void mv_timestamps_restore(struct mv_device *device, const struct mv_timestamps *timestamps);

/* An initiation with this timestamp is going out. For tunnel/initiate, under the lock. */
void mv_timestamps_used_locked(struct mv_device *device, struct mv_peer *peer,
	const uint8_t timestamp[static MV_TIMESTAMP_LEN]);

#endif
