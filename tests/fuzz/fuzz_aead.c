/*
 * Batches of messages through every AEAD provider of this build: all seal alike, open what was
 * sealed, and refuse what was changed. Where there is none but libsodium it is compared with its
 * own interface for single messages.
 */
#include <sodium.h>
#include <string.h>

#include "crypto/aead_choose.h"
#include "input.h"

#define JOBS_MAX 80
#define TEXT_MAX 4096

struct message {
	uint8_t key[MV_AEAD_KEY_LEN];
	uint64_t counter;
	struct input text;
	size_t damage_at; /* behind its end: none */
	uint8_t damage;
	uint8_t *bytes; /* text and tag, of just that length */
};

static struct message messages[JOBS_MAX];
static struct mv_aead_job jobs[JOBS_MAX];
static uint8_t wanted[TEXT_MAX + MV_AEAD_TAG_LEN];

static size_t read_messages(struct input *input)
{
	size_t count = 0;

	while (count < JOBS_MAX && input->left > 0) {
		struct message *message = &messages[count++];

		memset(message->key, input_byte(input), sizeof(message->key));
		message->counter = input_number(input, 8);
		message->damage_at = input_number(input, 2);
		message->damage = input_byte(input);
		message->text = input_piece(input, input_number(input, 2) % (TEXT_MAX + 1));
	}
	return count;
}

static void begin_jobs(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct message *message = &messages[i];

		message->bytes = malloc(message->text.left + MV_AEAD_TAG_LEN);
		demand(message->bytes, "memory");
		if (message->text.left > 0) {
			memcpy(message->bytes, message->text.at, message->text.left);
		}
		jobs[i] = (struct mv_aead_job){.key = message->key,
			.counter = message->counter,
			.text = message->bytes,
			.text_len = message->text.left};
	}
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
		free(messages[i].bytes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	void *state;

	demand(sodium_init() >= 0, "libsodium");
	size_t count = read_messages(&input);
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		if (mv_aead_providers[i]->create(&state)) {
			check_provider(mv_aead_providers[i], state, count);
			mv_aead_providers[i]->destroy(state);
		}
	}
	return 0;
}
