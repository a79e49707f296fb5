#include "attacker.h"

#include <string.h>

#include "base/bytes.h"

#define FLOOD 12

static void fill(struct dice *dice, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)dice_roll(dice);
	}
}

void attacker_init(struct attacker *attacker, const struct world *world, size_t devices,
	struct wire *wire, struct dice *dice)
{
	uint8_t private_key[MV_KEY_LEN];

	*attacker = (struct attacker){.dice = dice, .wire = wire, .devices = devices};
	fill(dice, private_key, sizeof(private_key));
	mv_noise_identity_set(&attacker->identity, private_key);
	for (size_t i = 0; i < devices; i++) {
		struct mv_noise_remote *victim = &attacker->victims[i];

		memcpy(victim->public_key, world_public_key(world, i), MV_KEY_LEN);
		mv_noise_remote_precompute(victim, &attacker->identity);
	}
}

void attacker_see(struct attacker *attacker, size_t device, const struct mv_endpoint *to,
	const uint8_t *bytes, size_t len)
{
	size_t place = attacker->recorded < ATTACKER_RECORDINGS
			       ? attacker->recorded
			       : dice_below(attacker->dice, ATTACKER_RECORDINGS);
	struct attacker_recording *recording = &attacker->recordings[place];

	/* Handshakes are rare: of data he keeps a fifth. */
	if (len > ATTACKER_DATAGRAM ||
		(bytes[0] == MV_MESSAGE_DATA && !dice_chance(attacker->dice, 200))) {
		return;
	}
	attacker->recorded++;
	recording->from = attacker->wire->seen[device];
	recording->to = *to;
	recording->len = len;
	memcpy(recording->bytes, bytes, len);
}

/* His own address, or one of those that he may not have: that of a device among them. */
static struct mv_endpoint choose_source(struct attacker *attacker)
{
	struct mv_endpoint own = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {198, 51, 100, 7}}, .port = 4500};

	if (dice_chance(attacker->dice, 300)) {
		return attacker->wire->seen[dice_below(attacker->dice, attacker->devices)];
	}
	if (dice_chance(attacker->dice, 500)) {
		fill(attacker->dice, &own.ip.bytes[1], 3);
		own.port = (uint16_t)dice_roll(attacker->dice);
	}
	return own;
}

static const struct mv_endpoint *choose_victim(struct attacker *attacker)
{
	return &attacker->wire->seen[dice_below(attacker->dice, attacker->devices)];
}

static void insert(struct attacker *attacker, uint64_t now_ns, const struct mv_endpoint *from,
	const struct mv_endpoint *to, const uint8_t *bytes, size_t len)
{
	uint64_t delay_ns = dice_between(attacker->dice, MV_NS_PER_MS, 100 * MV_NS_PER_MS);

	wire_insert(attacker->wire, now_ns + delay_ns, from, to, bytes, len);
}

/* A recording as it was, cut off, lengthened, or with another bit. */
static void replay(struct attacker *attacker, uint64_t now_ns)
{
	size_t known =
		attacker->recorded < ATTACKER_RECORDINGS ? attacker->recorded : ATTACKER_RECORDINGS;
	if (known == 0) {
		return;
	}
	const struct attacker_recording *recording =
		&attacker->recordings[dice_below(attacker->dice, known)];
	uint8_t bytes[ATTACKER_DATAGRAM + 1] = {0};
	size_t len = recording->len;

	memcpy(bytes, recording->bytes, len);
	switch (dice_below(attacker->dice, 8)) {
	case 0:
		bytes[dice_below(attacker->dice, len)] ^=
			(uint8_t)(1U << dice_below(attacker->dice, 8));
		break;
	case 1:
		len = dice_below(attacker->dice, len);
		break;
	case 2:
		len++;
		break;
	default:
		break;
	}
	/* Where the device was when he heard it may not be where it is now. */
	size_t owner = wire_owner(attacker->wire, &recording->to);
	const struct mv_endpoint *to =
		owner == WORLD_DEVICES_MAX ? choose_victim(attacker) : &recording->to;
	struct mv_endpoint from =
		dice_chance(attacker->dice, 300) ? recording->from : choose_source(attacker);
	insert(attacker, now_ns, &from, to, bytes, len);
}

/* Anything that begins like a message, of a length that suits it or not. */
static void send_noise(struct attacker *attacker, uint64_t now_ns)
{
	static const size_t lens[] = {0, 3, 4, 31, 32, 64, 92, 148, 149, 300};
	size_t len = lens[dice_below(attacker->dice, sizeof(lens) / sizeof(*lens))];
	struct mv_endpoint from = choose_source(attacker);
	uint8_t bytes[ATTACKER_DATAGRAM];

	fill(attacker->dice, bytes, sizeof(bytes));
	mv_store_le32(bytes, (uint32_t)dice_below(attacker->dice, 6));
	insert(attacker, now_ns, &from, choose_victim(attacker), bytes, len);
}

/* A handshake as it should be, by a key that nobody knows. */
static void knock(struct attacker *attacker, uint64_t now_ns)
{
	size_t victim = dice_below(attacker->dice, attacker->devices);
	const struct mv_noise_remote *remote = &attacker->victims[victim];
	struct mv_endpoint from = choose_source(attacker);
	struct mv_message_initiation message;
	struct mv_noise_handshake handshake;
	struct mv_cookie_maker maker;
	uint8_t random[MV_KEY_LEN], timestamp[MV_TIMESTAMP_LEN];

	fill(attacker->dice, random, sizeof(random));
	fill(attacker->dice, timestamp, sizeof(timestamp));
	if (mv_noise_create_initiation(&message, &handshake, &attacker->identity, remote, random,
		    timestamp, (uint32_t)dice_roll(attacker->dice))) {
		mv_cookie_maker_init(&maker, remote->public_key);
		mv_cookie_maker_sign(&maker, &message, sizeof(message), now_ns);
		insert(attacker, now_ns, &from, &attacker->wire->seen[victim],
			(const uint8_t *)&message, sizeof(message));
	}
}

void attacker_flood(struct attacker *attacker, uint64_t now_ns, size_t victim)
{
	struct mv_cookie_maker maker;

	mv_cookie_maker_init(&maker, attacker->victims[victim].public_key);
	for (unsigned i = 0; i < FLOOD; i++) {
		struct mv_message_initiation message;
		struct mv_endpoint from = choose_source(attacker);

		fill(attacker->dice, (uint8_t *)&message, sizeof(message));
		mv_store_le32(message.type, MV_MESSAGE_INITIATION);
		mv_cookie_maker_sign(&maker, &message, sizeof(message), now_ns);
		insert(attacker, now_ns, &from, &attacker->wire->seen[victim],
			(const uint8_t *)&message, sizeof(message));
	}
}

void attacker_act(struct attacker *attacker, uint64_t now_ns)
{
	switch (dice_below(attacker->dice, 10)) {
	case 0:
		knock(attacker, now_ns);
		break;
	case 1:
	case 2:
		send_noise(attacker, now_ns);
		break;
	default:
		replay(attacker, now_ns);
		break;
	}
}
