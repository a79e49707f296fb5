/*
 * Text of the control socket: requests as the server reads them, sets as they are carried out,
 * replies as the client reads them. What was read must come out the same when it is printed and
 * read again.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "control/uapi.h"
#include "input.h"
#include "tunnel/device.h"

#define ERRNO_MAX 4095

typedef char *print_snapshot(const struct mv_snapshot *snapshot, size_t *len);

static void check_used(enum mv_uapi_request request, const char *text, size_t len, size_t used)
{
	if (request == MV_UAPI_INCOMPLETE || request == MV_UAPI_UNKNOWN) {
		return;
	}
	demand(used >= 2 && used <= len, "a request lies within the text");
	demand(memcmp(text + used - 2, "\n\n", 2) == 0, "a request ends with an empty line");
	demand(memmem(text, used - 1, "\n\n", 2) == NULL, "a request ends with its first one");
}

/* A verdict that was given on a part of the text stays, whatever follows. */
static void check_requests(const char *text, size_t len)
{
	enum mv_uapi_request last = MV_UAPI_INCOMPLETE;
	size_t last_used = 0, last_seen = 0;

	for (size_t part = 1; part <= len; part++) {
		/* A copy of just this length, so that a look behind it is seen. */
		char *copy = malloc(part);
		size_t used = 0, seen = last_seen, none = 0, used_at_once = 0;

		memcpy(copy, text, part);
		enum mv_uapi_request request = mv_uapi_classify(copy, part, &seen, &used);
		demand(request == mv_uapi_classify(copy, part, &none, &used_at_once) &&
				(request == MV_UAPI_INCOMPLETE || used == used_at_once),
			"pieces are as good as the whole");
		check_used(request, copy, part, used);
		free(copy);
		demand(last == MV_UAPI_INCOMPLETE || (request == last && used == last_used),
			"a verdict stays");
		last = request;
		last_used = used;
		last_seen = last == MV_UAPI_INCOMPLETE ? seen : 0;
	}
}

static void check_snapshot(const struct mv_snapshot *snapshot)
{
	size_t prefixes = 0;

	for (size_t i = 0; i < snapshot->peer_count; i++) {
		const struct mv_peer_snapshot *peer = &snapshot->peers[i];

		demand(peer->first_prefix == prefixes, "the prefixes of a peer follow the last's");
		demand(peer->last_drop < MV_DROP_COUNT, "a drop has a name");
		prefixes += peer->prefix_count;
	}
	demand(prefixes == snapshot->prefix_count, "every prefix belongs to a peer");
}

static void check_round_trip(const struct mv_snapshot *snapshot, print_snapshot *print)
{
	struct mv_snapshot *again = NULL;
	size_t len, len_again;
	char *text = print(snapshot, &len);

	demand(text && strlen(text) == len, "a snapshot can be printed");
	demand(mv_uapi_parse(&again, text, len) == 0, "what was printed can be read");
	check_snapshot(again);
	char *text_again = print(again, &len_again);
	demand(text_again && len == len_again && memcmp(text, text_again, len) == 0,
		"what was read prints as before");
	mv_uapi_free(text_again);
	mv_snapshot_destroy(again);
	mv_uapi_free(text);
}

static bool is_of_peer(enum mv_change_kind kind)
{
	return kind > MV_CHANGE_PEER;
}

/* Before the first peer only what is the device's, behind it only what is a peer's. */
static void check_order(const struct mv_changes *changes)
{
	bool in_peer = false;

	for (size_t i = 0; i < changes->count; i++) {
		enum mv_change_kind kind = changes->list[i].kind;

		in_peer |= kind == MV_CHANGE_PEER;
		demand(kind == MV_CHANGE_PEER || is_of_peer(kind) == in_peer, "a place each");
	}
}

static void fill_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	memset(out, 7, len);
}

/* What a set says can be carried out, and shown again. */
static void check_applied(const struct mv_changes *changes)
{
	const struct mv_environment environment = {.random = fill_random};
	struct mv_snapshot *snapshot;
	struct mv_device *device;

	demand(mv_device_create(&device, &environment) == 0, "a device can be made");
	demand(mv_device_apply(device, changes, (struct mv_now){1, 1, 1}) == 0, "it is applied");
	demand(mv_device_snapshot(device, &snapshot) == 0, "a device can be seen");
	check_snapshot(snapshot);
	check_round_trip(snapshot, mv_uapi_print_get);
	mv_snapshot_destroy(snapshot);
	mv_device_destroy(device);
}

/* What a client sends of a list is that list again. */
static void check_printed(const struct mv_changes *changes)
{
	struct mv_changes again;
	size_t len, len_again;
	char *text = mv_uapi_print_set(changes, &len);

	demand(text && strlen(text) == len, "a set can be printed");
	char *copy = strdup(text);
	mv_changes_init(&again);
	demand(mv_uapi_parse_set(&again, copy, len) == 0, "what was printed can be read");
	free(copy);
	demand(again.count == changes->count, "and is as long as it was");
	char *text_again = mv_uapi_print_set(&again, &len_again);
	demand(text_again && len == len_again && memcmp(text, text_again, len) == 0,
		"what was read prints as before");
	mv_uapi_free(text_again);
	mv_changes_uninit(&again);
	mv_uapi_free(text);
}

static void check_set(const char *text, size_t len)
{
	struct mv_changes changes;
	size_t seen = 0, used = 0;

	if (len == 0 || mv_uapi_classify(text, len, &seen, &used) != MV_UAPI_SET) {
		return;
	}
	char *copy = malloc(used);
	memcpy(copy, text, used);
	mv_changes_init(&changes);
	int error = mv_uapi_parse_set(&changes, copy, used);
	demand(error == 0 || error == -EINVAL || error == -EPROTO, "a verdict on a set");
	check_order(&changes);
	if (error == 0) {
		check_applied(&changes);
		check_printed(&changes);
	}
	mv_changes_uninit(&changes);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct mv_snapshot *snapshot = NULL;

	demand(sodium_init() >= 0, "sodium_init");
	/* The parts of a request grow with its square, and its shape is in its beginning. */
	check_requests(text, size < 64 ? size : 64);
	check_set(text, size);

	int error = mv_uapi_parse(&snapshot, text, size);
	demand(error <= 0 && error >= -ERRNO_MAX, "an error is a negative errno");
	demand((error == 0) == (snapshot != NULL), "a snapshot or an error");
	if (snapshot) {
		check_snapshot(snapshot);
		check_round_trip(snapshot, mv_uapi_print_get);
		check_round_trip(snapshot, mv_uapi_print_status);
		mv_snapshot_destroy(snapshot);
	}
	return 0;
}
