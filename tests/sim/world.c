#include "world.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/x25519.h"
#include "tunnel/device_state.h"
#include "tunnel/handshake.h"
#include "tunnel/outbox.h"
#include "tunnel/receive.h"
#include "tunnel/send.h"
#include "tunnel/tick.h"
#include "tunnel/timestamps.h"

#define RESERVED_S 600

struct datagram {
	struct datagram *next;
	struct mv_endpoint from;
	uint8_t tos;
	size_t len;
	uint8_t bytes[];
};

struct record {
	struct mv_source source;
	uint8_t tos;
	size_t len;
	uint8_t bytes[MV_PACKET_MAX];
};

struct host {
	struct mv_device *device;
	uint8_t private_key[MV_KEY_LEN], public_key[MV_KEY_LEN];
	struct datagram *inbox, **inbox_end;
	struct mv_source source; /* where datagrams come in */
	bool refuses, refuses_source;
	int64_t wall_step_s; /* its wall clock is this far ahead of the world's */
	uint64_t lose[WORLD_TYPES], sent[WORLD_TYPES], delivered, answers;
	struct record last_sent[WORLD_TYPES], last_delivered, last_answer;
	struct mv_timestamps kept; /* its disk */
	uint64_t writes;           /* to it, while it ran */
};

struct world {
	struct world_hooks hooks;
	struct mv_now now;
	uint64_t random_counter;
	uint8_t psk[MV_KEY_LEN]; /* all zero: none */
	uint16_t persistent_keepalive_s;
	size_t backlog; /* of handshake messages, as the devices are told */
	bool congested;
	struct mv_batch *batch, *outbox;
	size_t count;
	struct host hosts[WORLD_DEVICES_MAX];
};

static void must(bool ok)
{
	if (!ok) {
		abort();
	}
}

/* Random numbers that are the same in every run. */
static void fill_random(void *ctx, void *out, size_t len)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
	struct world *world = ctx;
	uint8_t key[crypto_stream_chacha20_KEYBYTES] = {0};

	if (world->hooks.draw && world->hooks.draw(world->hooks.ctx, out, len)) {
		return;
	}
	mv_store_le64(key, ++world->random_counter);
	mv_store_le64(key + sizeof(uint64_t), world->hooks.seed);
	crypto_stream_chacha20(out, len, nonce, key);
}

static void create_device(struct world *world, struct host *host)
{
	struct mv_environment environment = {.ctx = world,
		.random = fill_random,
		.keeps_timestamps = world->hooks.keeps_timestamps};

	must(mv_device_create(&host->device, &environment) == 0);
	mv_device_set_mtu(host->device, 1420);
}

struct world *world_create(size_t devices, const struct world_hooks *hooks)
{
	struct world *world = calloc(1, sizeof(*world));

	must(world && sodium_init() >= 0 && devices <= WORLD_DEVICES_MAX);
	if (hooks) {
		world->hooks = *hooks;
	}
	world->now = (struct mv_now){.boot_ns = 1000 * MV_NS_PER_S, .wall_s = 1700000000};
	world->count = devices;
	const struct mv_aead_provider *aead =
		world->hooks.aead ? world->hooks.aead : &mv_aead_sodium;
	must((world->batch = mv_batch_create(aead)) && (world->outbox = mv_batch_create(aead)));

	for (size_t i = 0; i < devices; i++) {
		struct host *host = &world->hosts[i];

		host->inbox_end = &host->inbox;
		host->source = (struct mv_source){.ip = world_endpoint(i).ip, .ifindex = 1};
		fill_random(world, host->private_key, MV_KEY_LEN);
		mv_x25519_clamp(host->private_key);
		mv_x25519_public(host->public_key, host->private_key);
		create_device(world, host);
	}
	return world;
}

static struct datagram *take(struct host *host)
{
	struct datagram *datagram = host->inbox;

	if (datagram) {
		host->inbox = datagram->next;
		if (!host->inbox) {
			host->inbox_end = &host->inbox;
		}
	}
	return datagram;
}

void world_destroy(struct world *world)
{
	for (size_t i = 0; i < world->count; i++) {
		struct datagram *datagram;

		while ((datagram = take(&world->hosts[i]))) {
			free(datagram);
		}
		mv_device_destroy(world->hosts[i].device);
		mv_timestamps_uninit(&world->hosts[i].kept);
	}
	mv_batch_destroy(world->batch);
	mv_batch_destroy(world->outbox);
	free(world);
}

struct mv_device *world_device(struct world *world, size_t device)
{
	return world->hosts[device].device;
}

struct mv_now world_now(const struct world *world)
{
	return world->now;
}

const uint8_t *world_public_key(const struct world *world, size_t device)
{
	return world->hosts[device].public_key;
}

const uint8_t *world_private_key(const struct world *world, size_t device)
{
	return world->hosts[device].private_key;
}

struct mv_endpoint world_endpoint(size_t device)
{
	return (struct mv_endpoint){
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {192, 0, 2, (uint8_t)(device + 1)}},
		.port = 51820};
}

struct mv_now world_now_of(const struct world *world, size_t device)
{
	struct mv_now now = world->now;

	now.wall_s = (uint64_t)((int64_t)now.wall_s + world->hosts[device].wall_step_s);
	return now;
}

static void add_peer(struct mv_changes *changes, const struct world *world, size_t peer)
{
	struct mv_endpoint endpoint = world_endpoint(peer);
	struct mv_prefix inner4 = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 0, 0, (uint8_t)(peer + 1)}},
		.bits = 32};
	struct mv_prefix inner6 = {
		.ip = {.family = MV_FAMILY_IPV6, .bytes = {0xfd, [15] = (uint8_t)(peer + 1)}},
		.bits = 128};

	must(mv_changes_add_key(changes, MV_CHANGE_PEER, world->hosts[peer].public_key) == 0);
	must(mv_changes_add_key(changes, MV_CHANGE_PRESHARED_KEY, world->psk) == 0);
	must(mv_changes_add_endpoint(changes, MV_CHANGE_ENDPOINT, &endpoint) == 0);
	must(mv_changes_add_keepalive(changes, world->persistent_keepalive_s) == 0);
	must(mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &inner4) == 0);
	must(mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &inner6) == 0);
}

static void configure(struct world *world, size_t device)
{
	struct host *host = &world->hosts[device];
	struct mv_changes changes;

	mv_changes_init(&changes);
	must(mv_changes_add_key(&changes, MV_CHANGE_PRIVATE_KEY, host->private_key) == 0);
	for (size_t peer = 0; peer < world->count; peer++) {
		if (peer != device) {
			add_peer(&changes, world, peer);
		}
	}
	must(mv_device_apply(host->device, &changes, world_now_of(world, device)) == 0);
	mv_changes_uninit(&changes);
	mv_device_set_up(host->device, true, world_now_of(world, device));
}

void world_connect(struct world *world, const uint8_t *psk, uint16_t persistent_keepalive_s)
{
	if (psk) {
		memcpy(world->psk, psk, MV_KEY_LEN);
	}
	world->persistent_keepalive_s = persistent_keepalive_s;
	for (size_t i = 0; i < world->count; i++) {
		configure(world, i);
	}
}

static void write_record(struct host *host)
{
	mv_timestamps_uninit(&host->kept);
	must(mv_timestamps_copy(host->device, &host->kept) == 0);
}

void world_restart_with_record(struct world *world, size_t device, bool in_order)
{
	struct host *host = &world->hosts[device];

	if (in_order && mv_timestamps_are_reserved(host->device)) {
		mv_timestamps_release(host->device);
		write_record(host);
	}
	mv_device_destroy(host->device);
	create_device(world, host);
	configure(world, device);
	mv_timestamps_restore(host->device, &host->kept);
}

void world_restart(struct world *world, size_t device)
{
	mv_timestamps_uninit(&world->hosts[device].kept);
	world_restart_with_record(world, device, false);
}

uint64_t world_writes(const struct world *world, size_t device)
{
	return world->hosts[device].writes;
}

size_t world_packet(uint8_t *packet, size_t from, size_t to, size_t len, uint32_t mark)
{
	must(len >= 28);
	memset(packet, (uint8_t)mark, len);
	memset(packet, 0, 28);
	packet[0] = 0x45;
	mv_store_be16(packet + 2, (uint16_t)len);
	packet[8] = 64;
	packet[9] = 17;
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, (uint8_t)(from + 1)}, 4);
	memcpy(packet + 16, (uint8_t[]){10, 0, 0, (uint8_t)(to + 1)}, 4);
	mv_store_be32(packet + 20, mark);
	return len;
}

static void put(struct host *host, const struct mv_endpoint *from, uint8_t tos,
	const uint8_t *bytes, size_t len)
{
	struct datagram *datagram = malloc(sizeof(*datagram) + len);

	assert(datagram);
	datagram->next = NULL;
	datagram->from = *from;
	datagram->tos = tos;
	datagram->len = len;
	memcpy(datagram->bytes, bytes, len);
	*host->inbox_end = datagram;
	host->inbox_end = &datagram->next;
}

static void remember(struct record *record, const struct mv_packet *packet)
{
	memcpy(record->bytes, packet->data, packet->len);
	record->len = packet->len;
	record->source = packet->source;
	record->tos = packet->tos;
}

/* True if the network is to lose this one. */
static bool is_lost(struct host *host, unsigned type)
{
	if (host->lose[type] == 0) {
		return false;
	}
	if (host->lose[type] != UINT64_MAX) {
		host->lose[type]--;
	}
	return true;
}

/* What routers do where a queue grows: a datagram that does ECN is marked. */
static uint8_t carried_tos(const struct world *world, uint8_t tos)
{
	return world->congested && (tos & 3) ? tos | 3 : tos;
}

/* What the edge's sendmsg is: with success, unless world_refuse says so or it leads nowhere. */
static void write_datagram(struct world *world, size_t from, struct mv_packet *packet)
{
	struct mv_endpoint source = world_endpoint(from);
	struct host *host = &world->hosts[from];
	unsigned type = packet->data[0];

	must(type < WORLD_TYPES);
	packet->sent = !host->refuses && packet->endpoint.ip.family != MV_FAMILY_NONE;
	if (!packet->sent) {
		return;
	}
	if (host->refuses_source && packet->source.ip.family != MV_FAMILY_NONE) {
		packet->source = (struct mv_source){0};
		packet->source_failed = true;
	}
	host->sent[type]++;
	remember(&host->last_sent[type], packet);
	if (is_lost(host, type)) {
		return;
	}
	if (world->hooks.transmit) {
		world->hooks.transmit(
			world->hooks.ctx, from, &packet->endpoint, packet->data, packet->len);
		return;
	}
	for (size_t to = 0; to < world->count; to++) {
		struct mv_endpoint endpoint = world_endpoint(to);

		if (mv_endpoint_equal(&endpoint, &packet->endpoint) &&
			(!world->hooks.carry || world->hooks.carry(world->hooks.ctx, from, to,
							packet->data, packet->len))) {
			put(&world->hosts[to], &source, carried_tos(world, packet->tos),
				packet->data, packet->len);
		}
	}
}

static void write_batch(struct world *world, size_t from, struct mv_batch *batch)
{
	mv_batch_seal(batch);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->packets[i].live) {
			write_datagram(world, from, &batch->packets[i]);
		}
	}
	mv_send_commit(world->hosts[from].device, batch, world_now_of(world, from));
	mv_batch_reset(batch);
}

/* True if anything was sent. */
static bool flush_outbox(struct world *world, size_t device)
{
	struct mv_now now = world_now_of(world, device);
	struct host *host = &world->hosts[device];
	bool is_empty = false, sent = false;

	while (!is_empty) {
		if (mv_outbox_fill(host->device, world->outbox, now)) {
			write_batch(world, device, world->outbox);
			sent = true;
		} else {
			is_empty = !mv_timestamps_are_due(host->device);
		}
		if (mv_timestamps_are_due(host->device)) {
			mv_timestamps_reserve(host->device, now, RESERVED_S);
			write_record(host);
			host->writes++;
		}
	}
	return sent;
}

static void deliver(struct world *world, size_t device, const struct mv_packet *packet)
{
	struct host *host = &world->hosts[device];

	host->delivered++;
	remember(&host->last_delivered, packet);
	if (world->hooks.deliver) {
		world->hooks.deliver(world->hooks.ctx, device, packet->data, packet->len);
	}
}

static void receive(struct world *world, size_t device, const struct datagram *datagram)
{
	struct mv_device *core = world->hosts[device].device;
	struct mv_now now = world_now_of(world, device);
	struct mv_batch *batch = world->batch;

	memcpy(mv_batch_room(batch), datagram->bytes, datagram->len);
	struct mv_packet *packet = mv_batch_add(batch, datagram->len);
	packet->endpoint = datagram->from;
	packet->source = world->hosts[device].source;
	packet->tos = datagram->tos;

	mv_receive_plan(core, batch, now);
	mv_batch_open(batch);
	mv_receive_commit(core, batch, now);
	if (packet->is_handshake) {
		struct mv_handshake_message message;

		mv_handshake_message_copy(&message, packet);
		mv_handshake_receive(core, world->outbox, &message, world->backlog, now);
	} else if (packet->live) {
		deliver(world, device, packet);
	}
	mv_batch_reset(batch);
	flush_outbox(world, device);
}

/* Until nothing more happens at this moment. */
static void settle(struct world *world)
{
	bool busy = true;

	while (busy) {
		busy = false;
		for (size_t i = 0; i < world->count; i++) {
			struct datagram *datagram;

			mv_tick(world->hosts[i].device, world_now_of(world, i));
			busy |= flush_outbox(world, i);
			while ((datagram = take(&world->hosts[i]))) {
				busy = true;
				receive(world, i, datagram);
				free(datagram);
			}
		}
	}
}

void world_send(struct world *world, size_t device, const uint8_t *packet, size_t len)
{
	struct host *host = &world->hosts[device];

	memcpy(mv_batch_room(world->batch), packet, len);
	const struct mv_packet *added = mv_batch_add(world->batch, len);
	mv_send_plan(host->device, world->batch, world_now_of(world, device));
	if (added->is_answer) {
		host->answers++;
		remember(&host->last_answer, added);
	}
	write_batch(world, device, world->batch);
	settle(world);
}

void world_ping(struct world *world, size_t from, size_t to)
{
	uint8_t packet[84];

	world_send(world, from, packet, world_packet(packet, from, to, sizeof(packet), 0));
}

int world_apply(struct world *world, size_t device, const struct mv_changes *changes)
{
	struct mv_now now = world_now_of(world, device);
	int error = mv_device_apply(world->hosts[device].device, changes, now);

	settle(world);
	return error;
}

void world_tell(struct world *world, size_t device, size_t peer, const struct world_places *places,
	enum mv_candidates_reason reason)
{
	struct mv_candidates *candidates = mv_candidates_create(places->count, places->names);

	must(candidates);
	for (size_t i = 0; i < places->count; i++) {
		mv_candidates_add(candidates, &places->list[i],
			places->entries ? places->entries[i] : (uint8_t)i);
	}
	must(mv_candidates_install(world->hosts[device].device, world_public_key(world, peer),
		candidates, reason, world_now_of(world, device)));
	settle(world);
}

void world_resolve(struct world *world, size_t device, size_t peer, size_t place)
{
	const struct mv_endpoint endpoint = world_endpoint(place);

	world_tell(world, device, peer,
		&(struct world_places){.count = 1, .list = &endpoint, .names = true},
		MV_CANDIDATES_ANSWERED);
}

void world_set_up(struct world *world, size_t device, bool up)
{
	mv_device_set_up(world->hosts[device].device, up, world_now_of(world, device));
	settle(world);
}

void world_lose(struct world *world, size_t device, unsigned type, uint64_t count)
{
	world->hosts[device].lose[type] = count;
}

void world_refuse(struct world *world, size_t device, bool refuse)
{
	world->hosts[device].refuses = refuse;
}

void world_set_source(struct world *world, size_t device, const struct mv_source *source)
{
	world->hosts[device].source = *source;
}

void world_refuse_source(struct world *world, size_t device, bool refuse)
{
	world->hosts[device].refuses_source = refuse;
}

void world_set_congested(struct world *world, bool congested)
{
	world->congested = congested;
}

void world_inject(struct world *world, size_t device, const struct mv_endpoint *from,
	const uint8_t *datagram, size_t len)
{
	put(&world->hosts[device], from, 0, datagram, len);
	settle(world);
}

static void set_clock(struct world *world, uint64_t boot_ns)
{
	uint64_t wall_ns = world->now.wall_ns + (boot_ns - world->now.boot_ns);

	world->now.boot_ns = boot_ns;
	world->now.wall_s += wall_ns / MV_NS_PER_S;
	world->now.wall_ns = (uint32_t)(wall_ns % MV_NS_PER_S);
}

uint64_t world_deadline(struct world *world)
{
	uint64_t first = MV_NEVER;

	for (size_t i = 0; i < world->count; i++) {
		uint64_t deadline = mv_device_arm(world->hosts[i].device);

		if (deadline < first) {
			first = deadline;
		}
	}
	return first;
}

void world_run_until(struct world *world, uint64_t boot_ns)
{
	uint64_t deadline;

	settle(world);
	while ((deadline = world_deadline(world)) <= boot_ns) {
		if (deadline > world->now.boot_ns) {
			set_clock(world, deadline);
		}
		settle(world);
	}
	set_clock(world, boot_ns);
}

void world_run_for(struct world *world, uint64_t ns)
{
	world_run_until(world, world->now.boot_ns + ns);
}

void world_set_backlog(struct world *world, size_t backlog)
{
	world->backlog = backlog;
}

void world_step_wall_clock(struct world *world, int64_t seconds)
{
	world->now.wall_s = (uint64_t)((int64_t)world->now.wall_s + seconds);
}

void world_step_wall_clock_of(struct world *world, size_t device, int64_t seconds)
{
	world->hosts[device].wall_step_s += seconds;
}

uint64_t world_sent(const struct world *world, size_t device, unsigned type)
{
	return world->hosts[device].sent[type];
}

const uint8_t *world_last_sent(const struct world *world, size_t device, unsigned type, size_t *len)
{
	*len = world->hosts[device].last_sent[type].len;
	return world->hosts[device].last_sent[type].bytes;
}

struct mv_source world_last_source(const struct world *world, size_t device, unsigned type)
{
	return world->hosts[device].last_sent[type].source;
}

uint8_t world_last_tos(const struct world *world, size_t device, unsigned type)
{
	return world->hosts[device].last_sent[type].tos;
}

uint64_t world_answers(const struct world *world, size_t device)
{
	return world->hosts[device].answers;
}

const uint8_t *world_last_answer(const struct world *world, size_t device, size_t *len)
{
	*len = world->hosts[device].last_answer.len;
	return world->hosts[device].last_answer.bytes;
}

uint64_t world_delivered(const struct world *world, size_t device)
{
	return world->hosts[device].delivered;
}

const uint8_t *world_last_delivered(const struct world *world, size_t device, size_t *len)
{
	*len = world->hosts[device].last_delivered.len;
	return world->hosts[device].last_delivered.bytes;
}

uint64_t world_drops(struct world *world, size_t device, enum mv_drop drop)
{
	struct mv_snapshot *snapshot = world_snapshot(world, device);
	uint64_t drops = snapshot->drops[drop];

	mv_snapshot_destroy(snapshot);
	return drops;
}

struct mv_peer *world_peer(struct world *world, size_t device, size_t peer)
{
	return mv_peertable_find(
		&world->hosts[device].device->peers_by_key, world->hosts[peer].public_key);
}

struct mv_peer_snapshot world_look(struct world *world, size_t device, size_t peer)
{
	struct mv_snapshot *snapshot = world_snapshot(world, device);
	const uint8_t *public_key = world_public_key(world, peer);
	size_t i = 0;

	while (i < snapshot->peer_count &&
		memcmp(snapshot->peers[i].public_key, public_key, MV_KEY_LEN) != 0) {
		i++;
	}
	must(i < snapshot->peer_count);
	struct mv_peer_snapshot found = snapshot->peers[i];
	mv_snapshot_destroy(snapshot);
	return found;
}

struct mv_snapshot *world_snapshot(struct world *world, size_t device)
{
	struct mv_snapshot *snapshot;

	must(mv_device_snapshot(world->hosts[device].device, &snapshot) == 0);
	return snapshot;
}
