#include "cli/summary.h"

#include <stdio.h>

#include "crypto/keytext.h"

/* More peers, or prefixes of a peer, are counted and not listed. */
#define LIST_MAX 8

#define BYTES_PER_MB 1e6

static void print_prefixes(const struct mv_prefix *prefixes, size_t count)
{
	char text[MV_PREFIX_TEXT_MAX];

	for (size_t i = 0; i < count && i < LIST_MAX; i++) {
		printf("%s%s", i > 0 ? ", " : "", mv_prefix_print(text, &prefixes[i]));
	}
	if (count > LIST_MAX) {
		printf(" and %zu more", count - LIST_MAX);
	} else if (count == 0) {
		fputs("none", stdout);
	}
}

static void print_endpoint(const struct mv_config_peer *peer)
{
	const struct mv_endpoints *list = &peer->endpoint_list;
	char text[MV_ENDPOINTS_ENTRY_TEXT_MAX];

	for (size_t i = 0; i < list->count; i++) {
		printf("%s%s%s", i == 0 ? " at " : ", else ",
			mv_endpoints_print_entry(text, &list->list[i]),
			list->list[i].host ? " (being resolved)" : "");
	}
	if (list->count == 0) {
		fputs(" wherever it calls from", stdout);
	}
}

void mv_summary_print_namespaces(const struct mv_config *config)
{
	if (config->device_namespace) {
		printf("%s: the device is in the network namespace %s\n", config->device,
			config->device_namespace);
	}
	if (config->socket_namespace) {
		printf("%s: the sockets are in the network namespace %s\n", config->device,
			config->socket_namespace);
	}
}

static void print_peer(const char *device, const struct mv_config_peer *peer)
{
	char text[MV_PEER_TEXT_MAX];

	printf("%s: peer %s", device, mv_peer_text(text, peer->name, peer->public_key));
	print_endpoint(peer);
	fputs(", allowed IPs ", stdout);
	print_prefixes(peer->allowed_ips, peer->allowed_ip_count);
	putchar('\n');
}

/* What the machine gives up for it before there is any traffic. */
static void print_memory(const char *device, const struct mv_snapshot *snapshot)
{
	if (snapshot->memory_bytes > 0) {
		printf("%s: %.1f MB of memory, libraries included\n", device,
			(double)snapshot->memory_bytes / BYTES_PER_MB);
	}
}

void mv_summary_print_peers(const struct mv_config *config)
{
	for (size_t i = 0; i < config->peer_count && i < LIST_MAX; i++) {
		print_peer(config->device, &config->peers[i]);
	}
	if (config->peer_count > LIST_MAX) {
		printf("%s: and %zu more peers\n", config->device, config->peer_count - LIST_MAX);
	}
}

void mv_summary_print(const struct mv_config *config, const struct mv_snapshot *snapshot)
{
	char key[MV_KEY_BASE64_MAX];

	printf("%s: up, public key %s\n%s: addresses ", config->device,
		mv_key_to_base64(key, snapshot->public_key), config->device);
	print_prefixes(config->addresses, config->address_count);
	printf(", MTU %u, UDP port %u\n", (unsigned)snapshot->mtu, (unsigned)snapshot->listen_port);
	print_memory(config->device, snapshot);
	mv_summary_print_namespaces(config);

	mv_summary_print_peers(config);
	printf("%s: 'minivpn status %s' shows it, 'minivpn down %s' ends it\n", config->device,
		config->device, config->device);
}
