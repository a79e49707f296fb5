#include "cli/savenetworks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* NULL: the peer is not of the file, or nothing was taken out of what is allowed to it. */
static const struct mv_config_peer *find_peer(
	const struct mv_config *config, const uint8_t public_key[static MV_KEY_LEN])
{
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct mv_config_peer *peer = &config->peers[i];

		if (peer->written_ips && memcmp(peer->public_key, public_key, MV_KEY_LEN) == 0) {
			return peer;
		}
	}
	return NULL;
}

static int compare_prefixes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct mv_prefix));
}

/* In any order. 1, 0 or -ENOMEM. */
static int are_equal(const struct mv_prefix *a, const struct mv_prefix *b, size_t count)
{
	struct mv_prefix *sorted = calloc(2 * count + 1, sizeof(*sorted));

	if (!sorted) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		sorted[i] = a[i];
		sorted[count + i] = b[i];
	}
	qsort(sorted, count, sizeof(*sorted), compare_prefixes);
	qsort(sorted + count, count, sizeof(*sorted), compare_prefixes);
	int equal = memcmp(sorted, sorted + count, count * sizeof(*sorted)) == 0;
	free(sorted);
	return equal;
}

int mv_savenetworks_find(struct mv_showconf_networks *networks, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer, const struct mv_config *config)
{
	const struct mv_config_peer *given = find_peer(config, peer->public_key);

	if (!given || given->allowed_ip_count != peer->prefix_count) {
		return 0;
	}
	*networks = (struct mv_showconf_networks){.allowed = given->written_ips,
		.allowed_count = given->allowed_ip_count,
		.excluded = given->excluded_ips,
		.excluded_count = given->excluded_ip_count};
	return are_equal(
		given->allowed_ips, snapshot->prefixes + peer->first_prefix, peer->prefix_count);
}
