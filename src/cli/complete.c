#include "cli/complete.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/device_argument.h"
#include "cli/device_status.h"
#include "cli/helptext.h"
#include "cli/peer_file.h"
#include "config/ifname.h"
#include "control/uapi_client.h"
#include "crypto/keytext.h"

/* Every command takes this, whether its help tells or not. */
static bool asks_for_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

/* The usage may name an option of which a line tells more. */
static bool is_told_later(struct mv_helptext_reader reader, const char *word)
{
	struct mv_helptext_option option;

	while (mv_helptext_next_option(&reader, &option)) {
		for (size_t i = 0; i < option.word_count; i++) {
			if (strcmp(option.words[i], word) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void print_options(const char *help)
{
	struct mv_helptext_reader reader = {.at = help};
	struct mv_helptext_option option;

	while (mv_helptext_next_option(&reader, &option)) {
		for (size_t i = 0; i < option.word_count; i++) {
			if (!asks_for_help(option.words[i]) &&
				!is_told_later(reader, option.words[i])) {
				printf("%s\t%.*s\n", option.words[i], (int)option.summary_len,
					option.summary_len > 0 ? option.summary : "");
			}
		}
	}
	puts("-h\tprint the usage\n--help\tprint the usage");
}

static void print_commands(
	const struct mv_command *const *commands, size_t count, const char *general)
{
	for (size_t i = 0; i < count; i++) {
		printf("%s\t%s\n", commands[i]->name, commands[i]->summary);
	}
	print_options(general);
}

static void print_devices(void)
{
	char **names;

	if (mv_uapi_client_list(&names) < 0) {
		return;
	}
	for (size_t i = 0; names[i]; i++) {
		if (mv_ifname_is_valid(names[i])) {
			printf("%s\tdevice\n", names[i]);
		}
	}
	mv_uapi_client_list_free(names);
}

static void print_file(void *ctx, const char *name, const char *path)
{
	(void)ctx;
	printf("%s\t%s\n", name, path);
}

/* By name, where there is one, and by key. */
static void print_peer(const struct mv_peer_snapshot *peer)
{
	char key[MV_KEY_BASE64_MAX];

	mv_key_to_base64(key, peer->public_key);
	if (*peer->name) {
		printf("%s\t%s\n", peer->name, key);
	}
	printf("%s\t%s\n", key, *peer->name ? peer->name : "peer");
}

static void print_peers(const char *argument)
{
	struct mv_device_argument read;
	struct mv_snapshot *snapshot;

	if (mv_device_argument_read(&read, argument) != MV_EXIT_DONE ||
		mv_device_status_ask(read.device, &snapshot) < 0) {
		return;
	}
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		print_peer(&snapshot->peers[i]);
	}
	mv_snapshot_destroy(snapshot);
}

/* What stands behind the command so far. */
struct position {
	size_t arguments;
	const char *last; /* of the arguments; NULL: there is none */
	bool is_value;    /* of an option */
	bool has_no_options;
};

static struct position find_position(const char *help, char **words)
{
	struct position position = {0};

	for (; *words; words++) {
		const char *word = *words;

		if (position.is_value) {
			position.is_value = false;
		} else if (!position.has_no_options && strcmp(word, "--") == 0) {
			position.has_no_options = true;
		} else if (!position.has_no_options && word[0] == '-' && word[1]) {
			position.is_value = mv_helptext_takes_value(help, word);
		} else {
			position.arguments++;
			position.last = word;
		}
	}
	return position;
}

/* The names in the folders of peer files are for a command that takes no device: of those that are
 * up it is the device's that counts. */
static void print_argument(const char *help, const struct position *position)
{
	bool may_be_device = mv_helptext_argument_is(help, position->arguments, "DEVICE");

	if (may_be_device) {
		print_devices();
	}
	if (mv_helptext_argument_is(help, position->arguments, "FILE")) {
		if (!may_be_device) {
			mv_peer_file_list(print_file, NULL);
		}
		puts(":files");
	}
	if (position->last && mv_helptext_argument_is(help, position->arguments, "PEER")) {
		print_peers(position->last);
	}
}

static void print_words(const struct mv_command *command, char **words)
{
	struct position position = find_position(command->help, words);

	if (position.is_value) {
		return;
	}
	print_argument(command->help, &position);
	if (!position.has_no_options) {
		print_options(command->help);
	}
}

static const struct mv_command *find(
	const struct mv_command *const *commands, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			return commands[i];
		}
	}
	return NULL;
}

/* What is wrong would stand in the middle of the line that somebody types. */
static void silence_errors(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null >= 0) {
		(void)dup2(null, STDERR_FILENO);
		(void)close(null);
	}
}

enum mv_exit mv_complete(const struct mv_command *const *commands, size_t count,
	const char *general, int argc, char **argv)
{
	silence_errors();
	if (argc < 2) {
		print_commands(commands, count, general);
		return MV_EXIT_DONE;
	}
	const struct mv_command *command = find(commands, count, argv[1]);
	if (command) {
		print_words(command, argv + 2);
	}
	return MV_EXIT_DONE;
}
