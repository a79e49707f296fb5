#include "config/difference.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct there {
	const struct mv_peer_snapshot *peer;
};

struct wanted {
	const struct mv_config_peer *peer;
};

struct difference {
	const struct mv_config *config;
	const struct mv_snapshot *device;
	struct mv_changes *changes;

	/* Both sides by their public keys. */
	struct there *there;
	struct wanted *wanted;
};

/* Orders */

static int compare_there(const void *left, const void *right)
{
	const struct there *a = left, *b = right;

	return memcmp(a->peer->public_key, b->peer->public_key, MV_KEY_LEN);
}

static int compare_wanted(const void *left, const void *right)
{
	const struct wanted *a = left, *b = right;

	return memcmp(a->peer->public_key, b->peer->public_key, MV_KEY_LEN);
}

static int compare_prefixes(const void *left, const void *right)
{
	const struct mv_prefix *a = left, *b = right;

	if (a->ip.family != b->ip.family) {
		return a->ip.family < b->ip.family ? -1 : 1;
	}
	if (a->bits != b->bits) {
		return a->bits < b->bits ? -1 : 1;
	}
	return memcmp(a->ip.bytes, b->ip.bytes, sizeof(a->ip.bytes));
}

static int order_peers(struct difference *difference)
{
	const struct mv_snapshot *device = difference->device;
	const struct mv_config *config = difference->config;

	difference->there = calloc(device->peer_count + 1, sizeof(struct there));
	difference->wanted = calloc(config->peer_count + 1, sizeof(struct wanted));
	if (!difference->there || !difference->wanted) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < device->peer_count; i++) {
		difference->there[i].peer = &device->peers[i];
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		difference->wanted[i].peer = &config->peers[i];
	}
	qsort(difference->there, device->peer_count, sizeof(struct there), compare_there);
	qsort(difference->wanted, config->peer_count, sizeof(struct wanted), compare_wanted);
	return 0;
}

static const struct mv_peer_snapshot *find_there(
	const struct difference *difference, const struct mv_config_peer *peer)
{
	struct mv_peer_snapshot looked_for;
	const struct there key = {&looked_for};

	memcpy(looked_for.public_key, peer->public_key, MV_KEY_LEN);
	const struct there *found = bsearch(&key, difference->there, difference->device->peer_count,
		sizeof(key), compare_there);
	return found ? found->peer : NULL;
}

static bool is_wanted(const struct difference *difference, const struct mv_peer_snapshot *peer)
{
	struct mv_config_peer looked_for;
	const struct wanted key = {&looked_for};

	memcpy(looked_for.public_key, peer->public_key, MV_KEY_LEN);
	return bsearch(&key, difference->wanted, difference->config->peer_count, sizeof(key),
		       compare_wanted) != NULL;
}

/* Allowed IPs */

static struct mv_prefix *order_prefixes(const struct mv_prefix *list, size_t count)
{
	struct mv_prefix *ordered = calloc(count + 1, sizeof(*ordered));

	if (ordered && count > 0) {
		memcpy(ordered, list, count * sizeof(*ordered));
		qsort(ordered, count, sizeof(*ordered), compare_prefixes);
	}
	return ordered;
}

/* Those of `list` that `other`, which is in order, lacks. */
static int add_lacking(struct mv_changes *changes, enum mv_change_kind kind,
	const struct mv_prefix *list, size_t count, const struct mv_prefix *other,
	size_t other_count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (!bsearch(&list[i], other, other_count, sizeof(*other), compare_prefixes)) {
			rc = mv_changes_add_prefix(changes, kind, &list[i]);
		}
	}
	return rc;
}

static int change_allowed_ips(const struct difference *difference,
	const struct mv_peer_snapshot *there, const struct mv_config_peer *wanted)
{
	const struct mv_prefix *list = difference->device->prefixes + there->first_prefix;
	struct mv_prefix *old = order_prefixes(list, there->prefix_count);
	struct mv_prefix *new = order_prefixes(wanted->allowed_ips, wanted->allowed_ip_count);
	int rc = old && new ? 0 : -ENOMEM;

	if (rc == 0) {
		rc = add_lacking(difference->changes, MV_CHANGE_ALLOWED_IP_REMOVE, list,
			there->prefix_count, new, wanted->allowed_ip_count);
	}
	if (rc == 0) {
		rc = add_lacking(difference->changes, MV_CHANGE_ALLOWED_IP, wanted->allowed_ips,
			wanted->allowed_ip_count, old, there->prefix_count);
	}
	free(old);
	free(new);
	return rc;
}

/* Peers */

/* The text as it is to be, where it is another; none is empty. */
static int change_text(
	struct mv_changes *changes, enum mv_change_kind kind, const char *there, const char *wanted)
{
	there = there ? there : "";
	wanted = wanted ? wanted : "";
	return strcmp(there, wanted) == 0 ? 0 : mv_changes_add_text(changes, kind, wanted);
}

/* What is watched may be another by now than it was when the file was read: it is named again, and
 * so looked at again. */
static int change_preshared_key(struct mv_changes *changes, const struct mv_peer_snapshot *there,
	const struct mv_config_peer *wanted)
{
	const char *file = wanted->preshared_key_file;

	if (sodium_memcmp(there->preshared_key, wanted->preshared_key, MV_KEY_LEN) == 0) {
		return change_text(
			changes, MV_CHANGE_PRESHARED_KEY_FILE, there->preshared_key_file, file);
	}
	int rc = mv_changes_add_key(changes, MV_CHANGE_PRESHARED_KEY, wanted->preshared_key);
	if (rc == 0 && (file || there->preshared_key_file)) {
		rc = mv_changes_add_text(changes, MV_CHANGE_PRESHARED_KEY_FILE, file ? file : "");
	}
	return rc;
}

static int change_peer(const struct difference *difference, const struct mv_peer_snapshot *there,
	const struct mv_config_peer *wanted)
{
	struct mv_changes *changes = difference->changes;
	size_t before = changes->count;
	int rc = mv_changes_add_key(changes, MV_CHANGE_PEER, wanted->public_key);

	if (rc == 0) {
		rc = change_text(changes, MV_CHANGE_NAME, there->name, wanted->name);
	}
	if (rc == 0) {
		rc = change_preshared_key(changes, there, wanted);
	}
	if (rc == 0) {
		rc = change_text(changes, MV_CHANGE_ENDPOINTS, there->endpoints, wanted->endpoints);
	}
	if (rc == 0 && there->persistent_keepalive_s != wanted->persistent_keepalive_s) {
		rc = mv_changes_add_keepalive(changes, wanted->persistent_keepalive_s);
	}
	if (rc == 0) {
		rc = change_allowed_ips(difference, there, wanted);
	}
	if (rc == 0 && changes->count == before + 1) {
		changes->count = before; /* There was nothing to say of it. */
	}
	return rc;
}

static int remove_peer(struct mv_changes *changes, const struct mv_peer_snapshot *peer)
{
	int rc = mv_changes_add_key(changes, MV_CHANGE_PEER, peer->public_key);

	return rc < 0 ? rc : mv_changes_add(changes, MV_CHANGE_REMOVE);
}

static int change_peers(struct difference *difference)
{
	const struct mv_snapshot *device = difference->device;
	const struct mv_config *config = difference->config;
	int rc = order_peers(difference);

	for (size_t i = 0; rc == 0 && i < device->peer_count; i++) {
		if (!is_wanted(difference, &device->peers[i])) {
			rc = remove_peer(difference->changes, &device->peers[i]);
		}
	}
	for (size_t i = 0; rc == 0 && i < config->peer_count; i++) {
		const struct mv_config_peer *wanted = &config->peers[i];
		const struct mv_peer_snapshot *there = find_there(difference, wanted);

		rc = there ? change_peer(difference, there, wanted)
			   : mv_config_peer_changes(wanted, difference->changes);
	}
	free(difference->there);
	free(difference->wanted);
	return rc;
}

static int change_interface(const struct difference *difference, uint32_t fwmark)
{
	const struct mv_snapshot *device = difference->device;
	const struct mv_config *config = difference->config;
	struct mv_changes *changes = difference->changes;
	int rc = 0;

	if (sodium_memcmp(device->private_key, config->private_key, MV_KEY_LEN) != 0) {
		rc = mv_changes_add_key(changes, MV_CHANGE_PRIVATE_KEY, config->private_key);
	}
	if (rc == 0 && config->listen_port != 0 && config->listen_port != device->listen_port) {
		rc = mv_changes_add_number(changes, MV_CHANGE_LISTEN_PORT, config->listen_port);
	}
	if (rc == 0 && fwmark != device->fwmark) {
		rc = mv_changes_add_number(changes, MV_CHANGE_FWMARK, fwmark);
	}
	return rc;
}

int mv_config_difference(const struct mv_config *config, uint32_t fwmark,
	const struct mv_snapshot *device, struct mv_changes *changes)
{
	struct difference difference = {.config = config, .device = device, .changes = changes};
	int rc = change_interface(&difference, fwmark);

	return rc < 0 ? rc : change_peers(&difference);
}
