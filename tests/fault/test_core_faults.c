/*
 * Want of memory, and files that cannot be read, wherever the program is configured: each call is
 * refused once. Whatever fails has done nothing, has left nothing behind, and works when it is
 * tried again.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "config/config.h"
#include "control/uapi.h"
#include "crypto/aead_choose.h"
#include "edge/hoststate.h"
#include "fault.h"
#include "require.h"
#include "tunnel/device.h"
#include "tunnel/timestamps.h"

#define PEERS 100
#define NOW   ((struct mv_now){.boot_ns = MV_NS_PER_S, .wall_s = 1})

static const char *const nothing_bearable[] = {NULL};

/* Keys that stay in memory that may be swapped out are worth a warning, no more. */
static const char *const lock_bearable[] = {"sodium_mlock", NULL};

/* Devices and lists to work with */

static void fill_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	randombytes_buf(out, len);
}

static int create_device(struct mv_device **device)
{
	const struct mv_environment environment = {.random = fill_random};

	return mv_device_create(device, &environment);
}

static void key_of(uint8_t key[static MV_KEY_LEN], uint32_t number)
{
	memset(key, 0x42, MV_KEY_LEN);
	mv_store_be32(key + 4, number);
}

static int add_peer(struct mv_changes *changes, uint32_t number, const uint8_t *psk)
{
	const struct mv_endpoint endpoint = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {192, 0, 2, 1}}, .port = 51820};
	struct mv_prefix prefix4 = {.ip.family = MV_FAMILY_IPV4, .bits = 32};
	struct mv_prefix prefix6 = {.ip = {.family = MV_FAMILY_IPV6, .bytes = {0xfd}}, .bits = 128};
	uint8_t key[MV_KEY_LEN];

	key_of(key, number);
	mv_store_be32(prefix4.ip.bytes, number * 77);
	mv_store_be32(prefix6.ip.bytes + 12, number * 77);
	int error = mv_changes_add_key(changes, MV_CHANGE_PEER, key);
	if (error == 0 && psk) {
		error = mv_changes_add_key(changes, MV_CHANGE_PRESHARED_KEY, psk);
	}
	if (error < 0 ||
		(error = mv_changes_add_endpoint(changes, MV_CHANGE_ENDPOINT, &endpoint)) < 0 ||
		(error = mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &prefix4)) < 0) {
		return error;
	}
	return mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &prefix6);
}

/* What a device is before: an identity and one peer. */
static void make_first_list(struct mv_changes *changes)
{
	uint8_t key[MV_KEY_LEN];

	key_of(key, 1000);
	mv_changes_init(changes);
	REQUIRE(mv_changes_add_key(changes, MV_CHANGE_PRIVATE_KEY, key) == 0);
	REQUIRE(add_peer(changes, 0, NULL) == 0);
}

/* What is done to it: a new identity, many peers, and the old one gets a pre-shared key. */
static int fill_second_list(struct mv_changes *changes)
{
	uint8_t key[MV_KEY_LEN];

	key_of(key, 1001);
	int error = mv_changes_add_key(changes, MV_CHANGE_PRIVATE_KEY, key);
	for (uint32_t i = 0; error == 0 && i < PEERS; i++) {
		error = add_peer(changes, i, key);
	}
	return error;
}

static void make_second_list(struct mv_changes *changes)
{
	mv_changes_init(changes);
	REQUIRE(fill_second_list(changes) == 0);
}

/* All that can be seen of it. */
static char *text_of(struct mv_device *device)
{
	struct mv_snapshot *snapshot;
	size_t len;

	REQUIRE(mv_device_snapshot(device, &snapshot) == 0);
	char *text = mv_uapi_print_get(snapshot, &len);
	REQUIRE(text);
	mv_snapshot_destroy(snapshot);
	return text;
}

static struct mv_device *make_device(bool with_second_list)
{
	struct mv_changes first, second;
	struct mv_device *device;

	make_first_list(&first);
	REQUIRE(create_device(&device) == 0);
	REQUIRE(mv_device_apply(device, &first, NOW) == 0);
	if (with_second_list) {
		make_second_list(&second);
		REQUIRE(mv_device_apply(device, &second, NOW) == 0);
		mv_changes_uninit(&second);
	}
	mv_changes_uninit(&first);
	return device;
}

static bool looks_alike(struct mv_device *device, struct mv_device *model)
{
	char *text = text_of(device), *expected = text_of(model);
	bool alike = strcmp(text, expected) == 0;

	mv_uapi_free(text);
	mv_uapi_free(expected);
	return alike;
}

/* Attempts: the device */

static int attempt_create(unsigned n, const char **refused)
{
	struct mv_device *device = NULL;

	fault_arm(n);
	int error = create_device(&device);
	*refused = fault_disarm();
	if (error == 0) {
		mv_device_destroy(device);
	}
	return error;
}

/* Between the lengths that an append may leave is none: each entry is there or is not. */
static int attempt_list(unsigned n, const char **refused)
{
	struct mv_changes changes, whole;

	make_second_list(&whole);
	mv_changes_init(&changes);
	fault_arm(n);
	int error = fill_second_list(&changes);
	*refused = fault_disarm();
	REQUIRE(error == 0 ? changes.count == whole.count : changes.count < whole.count);
	REQUIRE(changes.count == 0 ||
		memcmp(changes.list, whole.list, changes.count * sizeof(*whole.list)) == 0);
	mv_changes_uninit(&changes);
	mv_changes_uninit(&whole);
	return error;
}

/* The same of changes that consist of nothing but their kind. */
static int attempt_plain_list(unsigned n, const char **refused)
{
	struct mv_changes changes;
	size_t added = 0;
	int error = 0;

	mv_changes_init(&changes);
	fault_arm(n);
	while (added < PEERS && (error = mv_changes_add(&changes, MV_CHANGE_REPLACE_PEERS)) == 0) {
		added++;
	}
	*refused = fault_disarm();
	REQUIRE(changes.count == added && (error == 0) == (added == PEERS));
	mv_changes_uninit(&changes);
	return error;
}

static int attempt_apply(unsigned n, const char **refused)
{
	struct mv_device *device = make_device(false);
	struct mv_device *before = make_device(false), *after = make_device(true);
	struct mv_changes changes;

	make_second_list(&changes);
	REQUIRE(!looks_alike(before, after));
	fault_arm(n);
	int error = mv_device_apply(device, &changes, NOW);
	*refused = fault_disarm();

	REQUIRE(looks_alike(device, error == 0 ? after : before));
	if (*refused && strcmp(*refused, "sodium_mlock") == 0) {
		REQUIRE(mv_device_memory_is_unlocked(device));
	}
	if (error < 0) {
		REQUIRE(mv_device_apply(device, &changes, NOW) == 0);
		REQUIRE(looks_alike(device, after));
	}
	mv_changes_uninit(&changes);
	mv_device_destroy(device);
	mv_device_destroy(before);
	mv_device_destroy(after);
	return error;
}

static int attempt_snapshot(unsigned n, const char **refused)
{
	struct mv_device *device = make_device(true);
	struct mv_snapshot *snapshot = NULL;

	fault_arm(n);
	int error = mv_device_snapshot(device, &snapshot);
	*refused = fault_disarm();
	mv_snapshot_destroy(snapshot);
	mv_device_destroy(device);
	return error;
}

static int attempt_timestamps(unsigned n, const char **refused)
{
	struct mv_device *device = make_device(true);
	struct mv_timestamps timestamps = {0};

	fault_arm(n);
	int error = mv_timestamps_copy(device, &timestamps);
	*refused = fault_disarm();
	mv_timestamps_uninit(&timestamps);
	mv_device_destroy(device);
	return error;
}

static const struct mv_aead_provider *provider;

static int attempt_batch(unsigned n, const char **refused)
{
	fault_arm(n);
	struct mv_batch *batch = mv_batch_create(provider);
	*refused = fault_disarm();
	mv_batch_destroy(batch);
	return batch ? 0 : -ENOMEM;
}

/* Without memory a provider is not there; it is not wrong. */
static int attempt_check(unsigned n, const char **refused)
{
	static const uint8_t seed[MV_AEAD_SEED_LEN] = {1};

	fault_arm(n);
	enum mv_aead_check verdict = mv_aead_check(provider, seed);
	*refused = fault_disarm();
	REQUIRE(verdict != MV_AEAD_DIFFERS);
	return verdict == MV_AEAD_AGREES ? 0 : -ENOMEM;
}

static bool is_available(void)
{
	void *state;
	bool is_there = provider->create(&state);

	if (is_there) {
		provider->destroy(state);
	}
	return is_there;
}

static void check_providers(void)
{
	for (size_t i = 0; mv_aead_providers[i]; i++) {
		provider = mv_aead_providers[i];
		if (is_available()) {
			printf("with %s:\n", provider->name);
			REQUIRE(fault_each("create a batch", attempt_batch, nothing_bearable) >= 3);
			REQUIRE(fault_each("check it", attempt_check, nothing_bearable) >= 1);
		}
	}
}

/* Attempts: the texts of the control socket */

static int attempt_print(unsigned n, const char **refused)
{
	struct mv_device *device = make_device(true);
	struct mv_snapshot *snapshot;
	size_t len, status_len;

	REQUIRE(mv_device_snapshot(device, &snapshot) == 0);
	fault_arm(n);
	char *text = mv_uapi_print_get(snapshot, &len);
	char *status = text ? mv_uapi_print_status(snapshot, &status_len) : NULL;
	*refused = fault_disarm();
	bool is_whole = text && status && len == strlen(text) && status_len == strlen(status);
	mv_uapi_free(text);
	mv_uapi_free(status);
	mv_snapshot_destroy(snapshot);
	mv_device_destroy(device);
	return is_whole ? 0 : -ENOMEM;
}

static int attempt_parse(unsigned n, const char **refused)
{
	struct mv_device *device = make_device(true);
	struct mv_snapshot *snapshot = NULL;
	char *text = text_of(device);

	fault_arm(n);
	int error = mv_uapi_parse(&snapshot, text, strlen(text));
	*refused = fault_disarm();
	REQUIRE(error < 0 || snapshot->peer_count == PEERS);
	mv_snapshot_destroy(snapshot);
	mv_uapi_free(text);
	mv_device_destroy(device);
	return error;
}

/* Attempts: the peer file */

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	REQUIRE(file && fputs(text, file) >= 0 && fclose(file) == 0);
	REQUIRE(chmod(path, mode) == 0);
}

static const char *base64_key(uint32_t number)
{
	static char text[sodium_base64_ENCODED_LEN(MV_KEY_LEN, sodium_base64_VARIANT_ORIGINAL)];
	uint8_t key[MV_KEY_LEN];

	key_of(key, number);
	return sodium_bin2base64(
		text, sizeof(text), key, sizeof(key), sodium_base64_VARIANT_ORIGINAL);
}

/* Everything that makes the reader allocate: key files, names, many peers, a warning because others
 * may read it. */
static void write_peer_file(void)
{
	char text[8192] = "[Interface]\nPrivateKeyFile = private.key\n"
			  "Address = 10.0.0.1/24, fd00::1/64\n";
	size_t len = strlen(text);

	write_file("private.key", base64_key(1000), 0600);
	for (uint32_t i = 0; i < 20; i++) {
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "[Peer]\nPublicKey = %s\n", base64_key(i));
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"PresharedKey = %s\nEndpoint = peer%u.test:51820\n"
			"AllowedIPs = 10.0.%u.0/24, fd00:%x::/64\n",
			base64_key(500), i, i, i + 1);
		REQUIRE(len < sizeof(text));
	}
	write_file("peers.ini", text, 0644);
}

/* A key file that cannot be read is a mistake that the messages tell of. */
static int attempt_load(unsigned n, const char **refused)
{
	struct mv_config *config = NULL;

	fault_arm(n);
	int error = mv_config_load(&config, "./peers.ini");
	*refused = fault_disarm();
	REQUIRE((error == 0) == (config != NULL));
	if (config) {
		/* The warning is always there. */
		REQUIRE(config->message_count == (config->valid ? 1 : 2));
		REQUIRE(!config->messages[0].is_error);
		REQUIRE(!config->valid || config->peer_count == 20);
		error = config->valid ? 0 : -EINVAL;
	}
	mv_config_destroy(config);
	return error;
}

static int attempt_config_changes(unsigned n, const char **refused)
{
	struct mv_config *config;
	struct mv_changes changes;

	REQUIRE(mv_config_load(&config, "peers.ini") == 0 && config->valid);
	mv_changes_init(&changes);
	fault_arm(n);
	int error = mv_config_changes(config, &changes);
	*refused = fault_disarm();
	mv_changes_uninit(&changes);
	mv_config_destroy(config);
	return error;
}

static int attempt_steps(unsigned n, const char **refused)
{
	struct mv_prefix address = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 0, 0, 1}}, .bits = 24};
	struct mv_route route = {
		.prefix = {.ip = {.family = MV_FAMILY_IPV4, .bytes = {10, 1, 0, 0}}, .bits = 16},
		.table = MV_ROUTE_TABLE_MAIN};
	const struct mv_hoststate state = {.mtu = 1420,
		.link_up = true,
		.addresses = &address,
		.address_count = 1,
		.routes = &route,
		.route_count = 1};
	struct mv_host_steps steps = {0};

	fault_arm(n);
	int error = mv_hoststate_diff(&steps, NULL, &state);
	*refused = fault_disarm();
	if (error == 0) {
		REQUIRE(steps.count > 0);
		mv_host_steps_uninit(&steps);
	}
	return error;
}

static void enter_folder(char *folder)
{
	REQUIRE(mkdtemp(folder) && chdir(folder) == 0);
	write_peer_file();
}

static void leave_folder(const char *folder)
{
	REQUIRE(unlink("private.key") == 0 && unlink("peers.ini") == 0);
	REQUIRE(chdir("/") == 0 && rmdir(folder) == 0);
}

/* The checks of fault_each see what is left behind. */
static void check_control(void)
{
	long live = fault_live_allocations();
	unsigned descriptors = fault_open_descriptors();
	int ends[2];

	char *leak = strdup("left behind");
	REQUIRE(pipe(ends) == 0);
	REQUIRE(fault_live_allocations() == live + 1);
	REQUIRE(fault_open_descriptors() == descriptors + 2);
	free(leak);
	close(ends[0]);
	close(ends[1]);
	REQUIRE(fault_live_allocations() == live);
	REQUIRE(fault_open_descriptors() == descriptors);
}

int main(void)
{
	char folder[] = "/tmp/minivpn-fault-XXXXXX";

	REQUIRE(sodium_init() >= 0);
	check_control();

	REQUIRE(fault_each("create a device", attempt_create, nothing_bearable) >= 5);
	REQUIRE(fault_each("make a change list", attempt_list, nothing_bearable) >= 4);
	REQUIRE(fault_each("make a list of kinds", attempt_plain_list, nothing_bearable) >= 4);
	REQUIRE(fault_each("apply a change list", attempt_apply, lock_bearable) >= 10);
	REQUIRE(fault_each("take a snapshot", attempt_snapshot, nothing_bearable) >= 3);
	REQUIRE(fault_each("copy timestamps", attempt_timestamps, nothing_bearable) == 1);
	check_providers();
	REQUIRE(fault_each("print a snapshot", attempt_print, nothing_bearable) >= 2);
	REQUIRE(fault_each("read a snapshot", attempt_parse, nothing_bearable) >= 3);

	enter_folder(folder);
	REQUIRE(fault_each("load a peer file", attempt_load, nothing_bearable) >= 20);
	REQUIRE(fault_each("make a peer file's list", attempt_config_changes, nothing_bearable) >=
		3);
	leave_folder(folder);
	REQUIRE(fault_each("make the steps of up", attempt_steps, nothing_bearable) >= 2);
	return 0;
}
