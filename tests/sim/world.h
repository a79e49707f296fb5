/*
 * Devices in one process, on a network of queues, under a virtual clock: the whole core without a
 * system call. Time stands still until world_run_until moves it from one deadline to the next.
 */
#ifndef MV_TESTS_SIM_WORLD_H
#define MV_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tunnel/device.h"
#include "tunnel/peer.h"

#define WORLD_DEVICES_MAX 4

/* The number of types of messages, 1 to 4, plus one. */
#define WORLD_TYPES 5

/* Device i: 192.0.2.(i + 1):51820 on interface 1 outside, 10.0.0.(i + 1) and fd00::(i + 1) inside.
 */
struct world;

struct world_hooks {
	void *ctx;
	/* Called for every datagram; false loses it. NULL: nothing is lost. It may alter the bytes.
	 */
	bool (*carry)(void *ctx, size_t from, size_t to, uint8_t *datagram, size_t len);
	/* Called for every packet that a device writes into its tunnel interface. */
	void (*deliver)(void *ctx, size_t device, const uint8_t *packet, size_t len);
	/* Is the network, if it is set: gets every datagram instead of carry, with where it is to
	 * go, and what it does not pass to world_inject later is lost. */
	void (*transmit)(void *ctx, size_t from, const struct mv_endpoint *to,
		const uint8_t *datagram, size_t len);
	/* The devices reserve timestamps and have a disk to keep them. */
	bool keeps_timestamps;
	/* Random numbers, those of keys too, are the same in every run with the same seed. */
	uint64_t seed;
	/* Draws instead, if it is set and returns true. */
	bool (*draw)(void *ctx, void *out, size_t len);
	/* Seals and opens; libsodium, if it is NULL. */
	const struct mv_aead_provider *aead;
};

/* hooks may be NULL. */
struct world *world_create(size_t devices, const struct world_hooks *hooks);
void world_destroy(struct world *world);

struct mv_device *world_device(struct world *world, size_t device);
struct mv_now world_now(const struct world *world);

/* The keys of a device. */
const uint8_t *world_public_key(const struct world *world, size_t device);
const uint8_t *world_private_key(const struct world *world, size_t device);
struct mv_endpoint world_endpoint(size_t device);

/* All devices get their identity, are set up, and know all others by public key, endpoint and inner
 * addresses. psk may be NULL. */
void world_connect(struct world *world, const uint8_t *psk, uint16_t persistent_keepalive_s);

/* The process of the device dies, and another starts with the same configuration: sessions, timers,
 * and all that it learnt or sent before are forgotten. */
void world_restart(struct world *world, size_t device);

/* The same, but what it reserved of its timestamps was written down, and is read again; or, in
 * order: it ends by itself, and writes down just what it has sent. */
void world_restart_with_record(struct world *world, size_t device, bool in_order);

/* How often the device has written to its disk. */
uint64_t world_writes(const struct world *world, size_t device);

/* A UDP packet of `len` bytes in all from one inner address to another; payload bytes are the low
 * byte of `mark`. */
size_t world_packet(uint8_t *packet, size_t from, size_t to, size_t len, uint32_t mark);

/* The packet comes out of the device's tunnel interface, and all that follows at this moment
 * happens. */
void world_send(struct world *world, size_t device, const uint8_t *packet, size_t len);

/* A packet of 84 bytes, as ping makes them, from one device to another. */
void world_ping(struct world *world, size_t from, size_t to);

/* A list of changes, or the state of the link, and all that follows at this moment. */
int world_apply(struct world *world, size_t device, const struct mv_changes *changes);
void world_set_up(struct world *world, size_t device, bool up);

/* Somebody says where a peer may be, in this order: so many places. entries: of the list, one for
 * each place; NULL: each is an entry of its own. names: some are of names, which may come and go.
 */
struct world_places {
	size_t count;
	const struct mv_endpoint *list;
	const uint8_t *entries;
	bool names;
};
void world_tell(struct world *world, size_t device, size_t peer, const struct world_places *places,
	enum mv_candidates_reason reason);

/* The same of one name with one address, which is that of a device. */
void world_resolve(struct world *world, size_t device, size_t peer, size_t place);

/* The next `count` datagrams of this type that the device sends are lost; UINT64_MAX: all. */
void world_lose(struct world *world, size_t device, unsigned type, uint64_t count);

/* As long as it is set, the system refuses to send the datagrams of the device. */
void world_refuse(struct world *world, size_t device, bool refuse);

/* Datagrams reach the device at this address of its own from now on. */
void world_set_source(struct world *world, size_t device, const struct mv_source *source);

/* As long as it is set, the device can send from no address that it names; what names one goes
 * without. */
void world_refuse_source(struct world *world, size_t device, bool refuse);

/* As long as it is set, the network marks all datagrams that do ECN (RFC 3168). */
void world_set_congested(struct world *world, bool congested);

/* A datagram arrives at the device, from this endpoint. */
void world_inject(struct world *world, size_t device, const struct mv_endpoint *from,
	const uint8_t *datagram, size_t len);

/* Moves the clock to this boot time, and runs every deadline on the way. */
void world_run_until(struct world *world, uint64_t boot_ns);
void world_run_for(struct world *world, uint64_t ns);

/* Moves the wall clock alone: of all devices, or of one. */
void world_step_wall_clock(struct world *world, int64_t seconds);
void world_step_wall_clock_of(struct world *world, size_t device, int64_t seconds);

/* The clocks as this device reads them. */
struct mv_now world_now_of(const struct world *world, size_t device);

/* As if so many handshake messages waited behind each: from MV_HANDSHAKE_QUEUE_LOAD on that is
 * load. */
void world_set_backlog(struct world *world, size_t backlog);

/* The next deadline of any device. */
uint64_t world_deadline(struct world *world);

/* Datagrams of a type (1 to 4) that this device has sent. */
uint64_t world_sent(const struct world *world, size_t device, unsigned type);

/* The last datagram of this type that the device has sent, lost or not. It stays until the next. */
const uint8_t *world_last_sent(
	const struct world *world, size_t device, unsigned type, size_t *len);

/* Where that one was sent from, as far as the device named an address, and its TOS. */
struct mv_source world_last_source(const struct world *world, size_t device, unsigned type);
uint8_t world_last_tos(const struct world *world, size_t device, unsigned type);

/* ICMP errors with which the device answered its own senders, and the last of them. */
uint64_t world_answers(const struct world *world, size_t device);
const uint8_t *world_last_answer(const struct world *world, size_t device, size_t *len);

/* Packets of others that the device has written into its tunnel interface, and the last of them. */
uint64_t world_delivered(const struct world *world, size_t device);
const uint8_t *world_last_delivered(const struct world *world, size_t device, size_t *len);

/* What the device counts under this reason. */
uint64_t world_drops(struct world *world, size_t device, enum mv_drop drop);

/* What a device knows of another: the peer itself, for what no datagram can show. NULL if it has
 * none. */
struct mv_peer *world_peer(struct world *world, size_t device, size_t peer);

/* What the device shows of it. */
struct mv_peer_snapshot world_look(struct world *world, size_t device, size_t peer);

/* A fresh snapshot; the caller destroys it. */
struct mv_snapshot *world_snapshot(struct world *world, size_t device);

#endif
