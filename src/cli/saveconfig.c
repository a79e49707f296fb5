#include "cli/saveconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/device_status.h"
#include "cli/peer_file.h"
#include "cli/savekeys.h"
#include "cli/savenetworks.h"
#include "config/ifname.h"
#include "control/showconf.h"
#include "control/uapi.h"
#include "edge/netlink_ask.h"

static void print_prefixes(FILE *out, const struct mv_prefix *list, size_t count)
{
	char text[MV_PREFIX_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		fprintf(out, "Address = %s\n", mv_prefix_print(text, &list[i]));
	}
}

static bool has_address(const struct mv_config *config, const struct mv_prefix *address)
{
	bool found = false;

	for (size_t i = 0; i < config->address_count; i++) {
		found |= mv_prefix_equal(&config->addresses[i], address);
	}
	return found;
}

/* A link-local address that is not of the file the kernel may have made by itself. */
static size_t keep_ours(struct mv_prefix *list, size_t count, const struct mv_config *config)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (!mv_ip_is_link_local(&list[i].ip) || has_address(config, &list[i])) {
			list[kept++] = list[i];
		}
	}
	return kept;
}

/* Those that the device has; when its link is down it has lost those of IPv6, and the file knows.
 * -errno: it cannot be asked. */
static int print_addresses(FILE *out, const struct mv_host *host, const struct mv_config *config)
{
	int ifindex = (int)if_nametoindex(host->device);
	struct mv_prefix *list = NULL;
	struct mv_link_event link;
	size_t count = 0;

	if (ifindex == 0) {
		return -ENODEV;
	}
	int error = mv_netlink_link_get(host->netlink, ifindex, &link);
	if (error == 0 && !link.up) {
		print_prefixes(out, config->addresses, config->address_count);
		return 0;
	}
	if (error == 0) {
		error = mv_netlink_addresses(host->netlink, ifindex, &list, &count);
	}
	if (error == 0) {
		print_prefixes(out, list, keep_ours(list, count, config));
	}
	free(list);
	return error;
}

static void print_dns(FILE *out, const struct mv_config *config)
{
	char text[MV_IP_TEXT_MAX];

	for (size_t i = 0; i < config->nameserver_count; i++) {
		fprintf(out, "DNS = %s\n", mv_ip_print(text, &config->nameservers[i]));
	}
	for (size_t i = 0; i < config->search_domain_count; i++) {
		fprintf(out, "DNS = %s\n", config->search_domains[i]);
	}
}

static void print_hooks(FILE *out, const struct mv_config *config)
{
	for (unsigned kind = 0; kind < MV_HOOK_COUNT; kind++) {
		const struct mv_config_hooks *hooks = &config->hooks[kind];

		for (size_t i = 0; i < hooks->count; i++) {
			fprintf(out, "%s = %s\n", mv_hook_name((enum mv_hook)kind),
				hooks->list[i].command);
		}
	}
}

/* Where it is not called like the file. */
static void print_device(FILE *out, const struct mv_host *host)
{
	char *name = mv_ifname_of_file(host->record.file);

	if (!name || strcmp(name, host->device) != 0) {
		fprintf(out, "Device = %s\n", host->device);
	}
	free(name);
}

/* What a configuration of wg does not have. To be freed; NULL without memory. */
static char *print_lines(const struct mv_host *host, const struct mv_config *config,
	const struct mv_snapshot *snapshot)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		return NULL;
	}
	int error = print_addresses(out, host, config);
	print_dns(out, config);
	if (config->mtu > 0) {
		fprintf(out, "MTU = %u\n", (unsigned)snapshot->mtu);
	}
	if (config->table_kind == MV_TABLE_OFF) {
		fputs("Table = off\n", out);
	} else if (config->table_kind == MV_TABLE_NUMBER) {
		fprintf(out, "Table = %u\n", (unsigned)config->table);
	}
	print_device(out, host);
	if (config->device_namespace) {
		fprintf(out, "Namespace = %s\n", config->device_namespace);
	}
	if (config->socket_namespace) {
		fprintf(out, "SocketNamespace = %s\n", config->socket_namespace);
	}
	if (config->lanes > 0) {
		fprintf(out, "Lanes = %u\n", (unsigned)config->lanes);
	}
	if (config->without_offload) {
		fputs("Offload = off\n", out);
	}
	fputs("SaveConfig = true\n", out);
	print_hooks(out, config);
	if (fclose(out) == 0 && error == 0) {
		return text;
	}
	free(text);
	return NULL;
}

/* What the callbacks of showconf have. */
struct saved {
	const struct mv_config *config;
	bool out_of_memory;
};

static bool find_networks(void *ctx, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer, struct mv_showconf_networks *networks)
{
	struct saved *saved = ctx;
	int found = mv_savenetworks_find(networks, snapshot, peer, saved->config);

	saved->out_of_memory |= found < 0;
	return found > 0;
}

/* NULL without memory. */
static char *print_snapshot(
	const struct mv_host *host, struct mv_config *config, struct mv_snapshot *snapshot)
{
	char *lines = print_lines(host, config, snapshot), *key_file = NULL, *text = NULL;
	struct saved saved = {.config = config};

	if (lines && mv_savekeys_of_device(&key_file, snapshot, config) == 0) {
		const struct mv_showconf_extra extra = {.interface_lines = lines,
			.private_key_file = key_file,
			.is_peer_file = true,
			.networks = find_networks,
			.ctx = &saved};

		text = mv_showconf_print(snapshot, &extra);
	}
	if (saved.out_of_memory) {
		mv_uapi_free(text);
		text = NULL;
	}
	free(key_file);
	free(lines);
	return text;
}

/* NULL: the device does not tell its state. */
static char *print_file(const struct mv_host *host, struct mv_config *config)
{
	struct mv_snapshot *snapshot;

	if (mv_device_get_whole(host->device, &snapshot) < 0) {
		return NULL;
	}
	/* The mark that `up` chose by itself. */
	if (config->fwmark == 0 && snapshot->fwmark == host->record.mark) {
		snapshot->fwmark = 0;
	}
	char *text = NULL;
	if (mv_savekeys_of_peers(snapshot, config) == 0) {
		text = print_snapshot(host, config, snapshot);
	}
	mv_snapshot_destroy(snapshot);
	return text;
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t written = write(fd, text, left);

		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written < 0) {
			return -errno;
		}
		text += written;
		left -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Not over what somebody else has put there. */
static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		return -errno;
	}
	int error = write_all(fd, text);
	if (close(fd) < 0 && error == 0) {
		error = -errno;
	}
	return error;
}

static int replace(const char *file, const char *text)
{
	char fresh[PATH_MAX];

	if (snprintf(fresh, sizeof(fresh), "%s.tmp", file) >= (int)sizeof(fresh)) {
		return -ENAMETOOLONG;
	}
	unlink(fresh); /* of a save that was cut off */
	int error = write_text(fresh, text);
	if (error == 0 && rename(fresh, file) < 0) {
		error = -errno;
	}
	if (error < 0) {
		unlink(fresh);
	}
	return error;
}

static enum mv_exit save(const struct mv_host *host, struct mv_config *config)
{
	const char *file = host->record.file;
	char *text = print_file(host, config);

	if (!text) {
		return mv_command_failed(
			"%s: the device does not tell its state, so it is not saved", file);
	}
	int error = replace(file, text);
	mv_uapi_free(text);
	return error < 0
		       ? mv_command_failed("%s: cannot save the tunnel: %s", file, strerror(-error))
		       : MV_EXIT_DONE;
}

enum mv_exit mv_saveconfig_if_wanted(struct mv_host *host)
{
	struct mv_config *config;

	if (!host->record.saves_config) {
		return MV_EXIT_DONE;
	}
	if (host->has_lost_namespace) {
		return mv_command_failed("%s: the network namespace of %s is gone, so it is not "
					 "known what there is to be saved",
			host->record.file, host->device);
	}
	enum mv_exit result = mv_peer_file_load(&config, host->record.file);
	if (result != MV_EXIT_DONE) {
		return result;
	}
	result = save(host, config);
	mv_config_destroy(config);
	return result;
}
