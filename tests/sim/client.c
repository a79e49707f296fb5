#include "client.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/tai64n.h"

void client_init(struct client *client, const uint8_t private_key[static MV_KEY_LEN],
	const uint8_t device_public_key[static MV_KEY_LEN])
{
	*client = (struct client){0};
	mv_noise_identity_set(&client->identity, private_key);
	memcpy(client->device.public_key, device_public_key, MV_KEY_LEN);
	mv_noise_remote_precompute(&client->device, &client->identity);
	mv_cookie_maker_init(&client->cookie, device_public_key);
}

/* The message has its macs and is what the caller sends. */
static size_t sign(
	struct client *client, void *out, const void *message, size_t len, uint64_t now_ns)
{
	memcpy(out, message, len);
	mv_cookie_maker_sign(&client->cookie, out, len, now_ns);
	return len;
}

static void begin_session(struct client *client)
{
	client->sending_counter = 0;
	client->next_counter = 0;
	client->has_session = true;
}

size_t client_initiate(struct client *client, uint8_t out[static CLIENT_MESSAGE_MAX],
	const uint8_t random[static MV_KEY_LEN], uint32_t index, struct mv_now now)
{
	struct mv_message_initiation message;
	uint8_t timestamp[MV_TIMESTAMP_LEN];

	mv_tai64n(timestamp, now);
	if (!mv_noise_create_initiation(&message, &client->handshake, &client->identity,
		    &client->device, random, timestamp, index)) {
		return 0;
	}
	return sign(client, out, &message, sizeof(message), now.boot_ns);
}

size_t client_respond(struct client *client, uint8_t out[static CLIENT_MESSAGE_MAX],
	const uint8_t *initiation, const uint8_t random[static MV_KEY_LEN], uint32_t index,
	struct mv_now now)
{
	const struct mv_message_initiation *message = (const void *)initiation;
	uint8_t initiator[MV_KEY_LEN], timestamp[MV_TIMESTAMP_LEN];
	struct mv_message_response response;

	if (!mv_noise_consume_initiation_static(
		    &client->handshake, initiator, message, &client->identity) ||
		memcmp(initiator, client->device.public_key, MV_KEY_LEN) != 0 ||
		!mv_noise_consume_initiation_timestamp(
			&client->handshake, timestamp, message, &client->device) ||
		!mv_noise_create_response(&response, &client->keys, &client->handshake,
			&client->device, random, index)) {
		return 0;
	}
	begin_session(client);
	return sign(client, out, &response, sizeof(response), now.boot_ns);
}

bool client_take_response(struct client *client, const uint8_t *response)
{
	const struct mv_message_response *message = (const void *)response;

	if (mv_load_le32(message->receiver_index) != client->handshake.local_index ||
		!mv_noise_consume_response(&client->keys, &client->handshake, message,
			&client->identity, &client->device)) {
		return false;
	}
	client->handshake.remote_index = mv_load_le32(message->sender_index);
	begin_session(client);
	return true;
}

bool client_take_cookie(struct client *client, const uint8_t *reply, struct mv_now now)
{
	return mv_cookie_maker_consume(&client->cookie, (const void *)reply, now.boot_ns);
}

size_t client_seal(struct client *client, uint8_t out[static CLIENT_MESSAGE_MAX],
	const uint8_t *inner, size_t len)
{
	struct mv_message_data header = {.type = {MV_MESSAGE_DATA}};

	assert(len + MV_MESSAGE_DATA_OVERHEAD <= CLIENT_MESSAGE_MAX);
	mv_store_le32(header.receiver_index, client->handshake.remote_index);
	mv_store_le64(header.counter, client->sending_counter);
	memcpy(out, &header, sizeof(header));
	mv_aead_seal(out + sizeof(header), inner, len, NULL, 0, client->keys.send,
		client->sending_counter++);
	return len + MV_MESSAGE_DATA_OVERHEAD;
}

bool client_open(struct client *client, uint8_t inner[static CLIENT_MESSAGE_MAX], size_t *len,
	const uint8_t *message, size_t message_len)
{
	const struct mv_message_data *header = (const void *)message;
	uint64_t counter = mv_load_le64(header->counter);

	assert(message_len >= MV_MESSAGE_DATA_OVERHEAD && message_len <= CLIENT_MESSAGE_MAX);
	if (!client->has_session || counter != client->next_counter ||
		mv_load_le32(header->receiver_index) != client->handshake.local_index ||
		!mv_aead_open(inner, message + sizeof(*header), message_len - sizeof(*header), NULL,
			0, client->keys.receive, counter)) {
		return false;
	}
	client->next_counter++;
	*len = message_len - MV_MESSAGE_DATA_OVERHEAD;
	return true;
}
