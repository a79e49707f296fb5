/*
 * check: what a peer file says, and what `up` would do to this machine for it; or what is wrong
 * with it. Touches nothing and needs no privileges.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/hostplan.h"
#include "cli/peer_file.h"
#include "cli/steptext.h"
#include "cli/summary.h"
#include "crypto/keytext.h"

static void print_device(const struct mv_config *config, const struct mv_hostplan *plan)
{
	uint8_t public_key[MV_KEY_LEN];
	char key[MV_KEY_BASE64_MAX];

	mv_x25519_public(public_key, config->private_key);
	printf("%s: public key %s, UDP port ", config->device, mv_key_to_base64(key, public_key));
	if (config->listen_port > 0) {
		printf("%u", (unsigned)config->listen_port);
	} else {
		fputs("any", stdout);
	}
	if (plan->fwmark > 0) {
		printf(", mark 0x%x", (unsigned)plan->fwmark);
	}
	putchar('\n');
}

static void print_commands(const struct mv_config *config, enum mv_hook kind)
{
	const struct mv_config_hooks *hooks = &config->hooks[kind];

	for (size_t i = 0; i < hooks->count; i++) {
		printf("%s: %s: %s\n", config->device, mv_hook_name(kind), hooks->list[i].command);
	}
}

static enum mv_exit print_steps(const struct mv_config *config, const struct mv_hoststate *state)
{
	struct mv_host_steps steps;

	if (mv_hoststate_diff(&steps, NULL, state) < 0) {
		return mv_command_failed("no memory");
	}
	print_commands(config, MV_HOOK_PRE_UP);
	for (size_t i = 0; i < steps.count; i++) {
		mv_steptext_print(config->device, &steps.list[i], state);
	}
	print_commands(config, MV_HOOK_POST_UP);
	print_commands(config, MV_HOOK_PRE_DOWN);
	print_commands(config, MV_HOOK_POST_DOWN);
	mv_host_steps_uninit(&steps);
	return MV_EXIT_DONE;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Without a look into other namespaces, which takes privileges: the ways are those from here. */
static int init_plan(struct mv_hostplan *plan, const struct mv_config *config)
{
	uint32_t mtu_outside = 0;
	int error = 0;

	*plan = (struct mv_hostplan){0};
	if (!is_same(config->device_namespace, config->socket_namespace)) {
		error = mv_hostplan_mtu(&mtu_outside, config);
	}
	return error < 0 ? error : mv_hostplan_init(plan, config, mtu_outside, NULL);
}

static enum mv_exit print_all(const struct mv_config *config)
{
	struct mv_hostplan plan;
	enum mv_exit result;

	int error = init_plan(&plan, config);
	if (error < 0) {
		result = mv_command_failed(
			"cannot ask the kernel for its routes: %s", strerror(-error));
	} else {
		print_device(config, &plan);
		mv_summary_print_namespaces(config);
		mv_summary_print_peers(config);
		result = print_steps(config, &plan.state);
	}
	mv_hostplan_uninit(&plan);
	return result;
}

static enum mv_exit check(const struct mv_command *command, int argc, char **argv)
{
	char **arguments =
		mv_command_arguments(command, argc, argv, 1, 1, "exactly one peer file is needed");
	char path[MV_PEER_FILE_PATH_MAX];
	struct mv_config *config;

	enum mv_exit result = mv_peer_file_load(&config, mv_peer_file_find(path, arguments[0]));
	if (result == MV_EXIT_DONE) {
		result = print_all(config);
		mv_config_destroy(config);
	}
	return result;
}

const struct mv_command mv_command_check = {
	.name = "check",
	.summary = "check a peer file, and print what it would do",
	.help = "Usage: minivpn check FILE\n\n"
		"Prints the peer file as it is understood, and what 'minivpn up' would do to this "
		"machine, step\n"
		"by step; or everything that is wrong with it, with line and column. Touches "
		"nothing and needs\n"
		"no privileges. Exit code 0: the file is valid; 3: it is not.\n",
	.run = check,
};
