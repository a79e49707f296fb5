/*
 * Batches of messages through every AEAD provider of this build: all seal alike, open what was
 * sealed, and refuse what was changed. Where there is none but libsodium it is compared with its
 * own interface for single messages. No sanitizer sees what a provider of assembly writes, so each
 * text lies between bytes that must stay as they are.
 */
#include <sodium.h>
#include <string.h>

#include "crypto/aead_choose.h"
#include "input.h"

#define JOBS_MAX      80
#define TEXT_MAX      4096
#define GUARD         64
#define PROVIDERS_MAX 4

struct message {
	uint8_t key[MV_AEAD_KEY_LEN];
	uint64_t counter;
	struct input text;
	size_t damage_at; /* behind its end: none */
	uint8_t damage;
	uint8_t *memory; /* guard, text, tag, guard */
	uint8_t *bytes;  /* of the text */
};

static struct message messages[JOBS_MAX];
static struct mv_aead_job jobs[JOBS_MAX];
static uint8_t wanted[TEXT_MAX + MV_AEAD_TAG_LEN];

/* No two of its words are alike. */
static void read_key(uint8_t key[static MV_AEAD_KEY_LEN], struct input *input)
{
	uint8_t first = input_byte(input);

	for (size_t i = 0; i < MV_AEAD_KEY_LEN; i++) {
		key[i] = (uint8_t)(first + 37 * i);
	}
}

static size_t read_messages(struct input *input)
{
	size_t count = 0;

	while (count < JOBS_MAX && input->left > 0) {
		struct message *message = &messages[count++];

		read_key(message->key, input);
		message->counter = input_number(input, 8);
		message->damage_at = input_number(input, 2);
		message->damage = input_byte(input);
		message->text = input_piece(input, input_number(input, 2) % (TEXT_MAX + 1));
	}
	return count;
}

static void begin_message(struct message *message)
{
	size_t len = message->text.left + MV_AEAD_TAG_LEN;

	message->memory = malloc(GUARD + len + GUARD);
	demand(message->memory, "memory");
	memset(message->memory, 0xee, GUARD + len + GUARD);
	message->bytes = message->memory + GUARD;
	if (message->text.left > 0) {
		memcpy(message->bytes, message->text.at, message->text.left);
	}
}

static void begin_jobs(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		begin_message(&messages[i]);
		jobs[i] = (struct mv_aead_job){.key = messages[i].key,
			.counter = messages[i].counter,
			.text = messages[i].bytes,
			.text_len = messages[i].text.left};
	}
}

static void end_message(struct message *message)
{
	const uint8_t *behind = message->bytes + message->text.left + MV_AEAD_TAG_LEN;

	for (size_t i = 0; i < GUARD; i++) {
		demand(message->memory[i] == 0xee && behind[i] == 0xee,
			"nothing is written but text and tag");
	}
	free(message->memory);
}

static void check_sealed(const struct message *message)
{
	mv_aead_seal(wanted, message->text.at, message->text.left, NULL, 0, message->key,
		message->counter);
	demand(memcmp(message->bytes, wanted, message->text.left + MV_AEAD_TAG_LEN) == 0,
		"all seal alike");
}

/* True if it is another message then. */
static bool damage(const struct message *message)
{
	if (message->damage_at >= message->text.left + MV_AEAD_TAG_LEN) {
		return false;
	}
	message->bytes[message->damage_at] ^= message->damage;
	return message->damage != 0;
}

static void check_provider(const struct mv_aead_provider *provider, void *state, size_t count)
{
	bool is_damaged[JOBS_MAX];

	begin_jobs(count);
	provider->seal(state, jobs, count);
	for (size_t i = 0; i < count; i++) {
		check_sealed(&messages[i]);
		is_damaged[i] = damage(&messages[i]);
		jobs[i].ok = is_damaged[i];
	}
	provider->open(state, jobs, count);
	for (size_t i = 0; i < count; i++) {
		demand(jobs[i].ok != is_damaged[i],
			"what was changed is refused, and nothing else");
		demand(!jobs[i].ok || messages[i].text.left == 0 ||
				memcmp(messages[i].bytes, messages[i].text.at,
					messages[i].text.left) == 0,
			"what was sealed comes out");
		end_message(&messages[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *states[PROVIDERS_MAX];
	static bool is_there[PROVIDERS_MAX];
	static bool is_ready;
	struct input input = {data, size};

	/* Once, as a thread does, so that one batch may leave something for the next to trip over.
	 */
	for (size_t i = 0; !is_ready && mv_aead_providers[i]; i++) {
		demand(sodium_init() >= 0 && i < PROVIDERS_MAX, "libsodium, and room");
		is_there[i] = mv_aead_providers[i]->create(&states[i]);
	}
	is_ready = true;
	size_t count = read_messages(&input);
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		if (is_there[i]) {
			check_provider(mv_aead_providers[i], states[i], count);
		}
	}
	return 0;
}
