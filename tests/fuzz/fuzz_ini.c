/*
 * Peer files: whatever a file says, it is accepted or refused with sentences that a terminal can
 * show and that give no key away; and a device takes what was accepted.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "input.h"
#include "tunnel/device.h"
#include "tunnel/endpoints.h"

#define FILE_MAX_BYTES 65536

/* The keys of the seed files, made for them. So many characters in a row give one away. */
static const char *const secrets[] = {"YLhIxqRXQ3Fp+8lqBRjWbLFK6xGhX4zCkhcmMzKfBUY=",
	"r3Pqgd7mCu1tTQyKqDmDIkAf6C0uIlmkLYbI/7yKQ1k="};
#define SECRET_RUN 36

static bool shows(const char *text, const char *secret)
{
	for (size_t i = 0; i + SECRET_RUN <= strlen(secret); i++) {
		if (memmem(text, strlen(text), secret + i, SECRET_RUN)) {
			return true;
		}
	}
	return false;
}

/* A path is shown if it has a '.', since long paths look like keys and keys have none. */
static bool is_about_path(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon && colon - text > 4 && memcmp(colon - 4, "File", 4) == 0 && strchr(text, '.');
}

static void check_text(const char *text)
{
	demand(*text, "a message says something");
	for (const char *c = text; *c; c++) {
		demand((unsigned char)*c >= ' ' && *c != 0x7f, "a message fits a terminal's line");
	}
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		demand(is_about_path(text) || !shows(text, secrets[i]), "no message shows a key");
	}
}

/* The longest line is as long as the file: one behind it is where something is missing. */
static void check_messages(const struct mv_config *config, unsigned lines, size_t size)
{
	unsigned line = 0;
	bool has_error = false;

	for (size_t i = 0; i < config->message_count; i++) {
		const struct mv_config_message *message = &config->messages[i];

		demand(message->line <= lines, "a message has a line of the file");
		demand(message->column <= size + 1, "and a column of it");
		demand(message->line > 0 || message->column == 0, "no column without a line");
		demand(message->line == 0 || message->line >= line, "in the order of the lines");
		line = message->line > line ? message->line : line;
		has_error |= message->is_error;
		check_text(message->text);
	}
	demand(config->valid == !has_error, "valid without errors, and only then");
}

/* The text says all of the list. */
static void check_endpoints(const struct mv_config_peer *peer)
{
	struct mv_endpoints read;

	demand((peer->endpoints != NULL) == (peer->endpoint_list.count > 0), "a list has a text");
	if (!peer->endpoints) {
		return;
	}
	demand(mv_endpoints_parse(&read, peer->endpoints) == 0, "the text can be read");
	char *again = mv_endpoints_print(&read);
	demand(again && strcmp(again, peer->endpoints) == 0, "and says the same");
	free(again);
	mv_endpoints_clear(&read);
}

static size_t check_peer(const struct mv_config_peer *peer)
{
	check_endpoints(peer);
	for (size_t i = 0; i < peer->allowed_ip_count; i++) {
		struct mv_prefix masked = peer->allowed_ips[i];

		mv_prefix_mask(&masked);
		demand(mv_prefix_equal(&masked, &peer->allowed_ips[i]), "prefixes are masked");
	}
	return peer->allowed_ip_count;
}

static void fill_zero(void *ctx, void *out, size_t len)
{
	(void)ctx;
	memset(out, 0, len);
}

static void check_device(const struct mv_config *config, size_t prefixes)
{
	struct mv_environment environment = {.random = fill_zero};
	struct mv_device *device;
	struct mv_snapshot *snapshot;
	struct mv_changes changes;

	demand(mv_device_create(&device, &environment) == 0, "a device");
	mv_changes_init(&changes);
	demand(mv_config_changes(config, &changes) == 0, "changes");
	demand(mv_device_apply(device, &changes, (struct mv_now){0}) == 0, "a device takes them");
	demand(mv_device_snapshot(device, &snapshot) == 0, "a snapshot");
	demand(snapshot->peer_count == config->peer_count, "every peer of the file is there");
	demand(snapshot->prefix_count == prefixes, "every allowed IP has its peer");
	mv_snapshot_destroy(snapshot);
	mv_changes_uninit(&changes);
	mv_device_destroy(device);
}

static void check_hooks(const struct mv_config_hooks *hooks)
{
	unsigned line = 0;

	for (size_t i = 0; i < hooks->count; i++) {
		const char *command = hooks->list[i].command;

		demand(hooks->list[i].line > line, "commands in the order of the lines");
		line = hooks->list[i].line;
		demand(*command && !strchr(command, '\n'),
			"a command is one line that says something");
		demand(!strchr(" \t\r", command[strlen(command) - 1]), "and is trimmed");
		for (const char *c = command; *c; c++) {
			demand((unsigned char)*c >= '\t' && *c != 0x7f,
				"and has its white space back");
		}
	}
}

static void check_system(const struct mv_config *config)
{
	demand(config->fwmark == 0 || config->fwmark_is_given, "a mark is given");
	demand((config->table_kind == MV_TABLE_NUMBER) == (config->table != 0),
		"a table has a number, or none");
	for (size_t i = 0; i < config->nameserver_count; i++) {
		demand(config->nameservers[i].family != MV_FAMILY_NONE,
			"a nameserver is an address");
		for (size_t k = 0; k < i; k++) {
			demand(!mv_ip_equal(&config->nameservers[i], &config->nameservers[k]),
				"each nameserver once");
		}
	}
	for (size_t i = 0; i < config->search_domain_count; i++) {
		const char *domain = config->search_domains[i];

		demand(*domain && !strpbrk(domain, " \t\n,;#/:"), "a search domain is one word");
	}
	for (size_t i = 0; i < MV_HOOK_COUNT; i++) {
		check_hooks(&config->hooks[i]);
	}
}

static void check_valid(const struct mv_config *config)
{
	size_t prefixes = 0;

	demand(memchr(config->device, '\0', sizeof(config->device)), "a name with its end");
	demand(config->mtu == 0 || (config->mtu >= 576 && config->mtu <= UINT16_MAX), "an MTU");
	demand(!sodium_is_zero(config->private_key, MV_KEY_LEN), "a private key");
	for (size_t i = 0; i < config->peer_count; i++) {
		prefixes += check_peer(&config->peers[i]);
	}
	check_system(config);
	check_device(config, prefixes);
}

static unsigned count_lines(const uint8_t *data, size_t size)
{
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++) {
		lines += data[i] == '\n';
	}
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_config *config;
	char path[64];

	demand(sodium_init() >= 0, "sodium_init");
	if (size > FILE_MAX_BYTES) {
		return -1;
	}
	int fd = memfd_create("fuzz.ini", MFD_CLOEXEC);
	demand(fd >= 0 && write(fd, data, size) == (ssize_t)size, "a file in memory");
	demand(fchmod(fd, size % 2 ? 0600 : 0644) == 0, "its mode");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

	demand(mv_config_load(&config, path) == 0 && config, "a file that is there can be loaded");
	check_messages(config, count_lines(data, size), size);
	if (config->valid) {
		check_valid(config);
	}
	mv_config_destroy(config);
	close(fd);
	return 0;
}
