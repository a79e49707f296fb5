/*
 * The other end of a tunnel at its smallest: a key pair, one handshake in either role, and the
 * session that it led to, straight on proto. It has no timers, no queues and no memory of its own,
 * so that a test can have ten thousand of them. Every answer goes into the caller's buffer.
 */
#ifndef MV_TESTS_SIM_CLIENT_H
#define MV_TESTS_SIM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/now.h"
#include "proto/cookie.h"
#include "proto/noise.h"

#define CLIENT_MESSAGE_MAX 256

struct client {
	struct mv_noise_identity identity;
	struct mv_noise_remote device;
	struct mv_cookie_maker cookie;
	struct mv_noise_handshake handshake;
	struct mv_session_keys keys;
	uint64_t sending_counter, next_counter; /* of the next message, out and in */
	bool has_session;
};

void client_init(struct client *client, const uint8_t private_key[static MV_KEY_LEN],
	const uint8_t device_public_key[static MV_KEY_LEN]);

/* An initiation, with the cookie if there is one. random: fresh for each call. */
size_t client_initiate(struct client *client, uint8_t out[static CLIENT_MESSAGE_MAX],
	const uint8_t random[static MV_KEY_LEN], uint32_t index, struct mv_now now);

/* The response to an initiation of the device, and the session; 0 if it is not for this client. */
size_t client_respond(struct client *client, uint8_t out[static CLIENT_MESSAGE_MAX],
	const uint8_t *initiation, const uint8_t random[static MV_KEY_LEN], uint32_t index,
	struct mv_now now);

/* The device's response to the client's last initiation, and the session. */
bool client_take_response(struct client *client, const uint8_t *response);

bool client_take_cookie(struct client *client, const uint8_t *reply, struct mv_now now);

/* A data message around these bytes. */
size_t client_seal(struct client *client, uint8_t out[static CLIENT_MESSAGE_MAX],
	const uint8_t *inner, size_t len);

/* What is in a data message, padding included, and *len of it. False if it is forged, or none that
 * comes next. */
bool client_open(struct client *client, uint8_t inner[static CLIENT_MESSAGE_MAX], size_t *len,
	const uint8_t *message, size_t message_len);

#endif
