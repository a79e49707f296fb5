#include "cli/hookrun.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *insert_device(const char *command, const char *device)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		return NULL;
	}
	for (const char *found; (found = strstr(command, "%i")); command = found + 2) {
		fprintf(out, "%.*s%s", (int)(found - command), command, device);
	}
	fputs(command, out);
	return fclose(out) == 0 ? text : NULL;
}

static int run_shell(struct mv_runner *runner, const char *command)
{
	const char *const bash[] = {"bash", "-c", command, NULL};
	const char *const sh[] = {"sh", "-c", command, NULL};
	int status = mv_runner_run(runner, bash, NULL, MV_HOOKRUN_LIMIT_S);

	return status == -ENOENT ? mv_runner_run(runner, sh, NULL, MV_HOOKRUN_LIMIT_S) : status;
}

static enum mv_exit judge(enum mv_hook kind, const struct mv_config_hook *hook, int status)
{
	const char *name = mv_hook_name(kind);

	if (status == 0) {
		return MV_EXIT_DONE;
	}
	if (status == -ETIMEDOUT) {
		return mv_command_failed("%s of line %u was not done after %d seconds, and was "
					 "ended",
			name, hook->line, MV_HOOKRUN_LIMIT_S);
	}
	if (status == -EINTR) {
		return mv_command_failed("%s of line %u was interrupted", name, hook->line);
	}
	if (status < 0) {
		return mv_command_failed(
			"%s of line %u cannot be run: %s", name, hook->line, strerror(-status));
	}
	return mv_command_failed(
		"%s of line %u failed with the exit status %d", name, hook->line, status);
}

static enum mv_exit run(struct mv_runner *runner, enum mv_hook kind,
	const struct mv_config_hook *hook, const char *device)
{
	char *command = insert_device(hook->command, device);

	if (!command) {
		return mv_command_failed("no memory");
	}
	fprintf(stderr, "minivpn: %s: %s\n", mv_hook_name(kind), command);
	int status = run_shell(runner, command);
	sodium_memzero(command, strlen(command));
	free(command);
	return judge(kind, hook, status);
}

enum mv_exit mv_hookrun(struct mv_runner *runner, enum mv_hook kind,
	const struct mv_config_hooks *hooks, const char *device)
{
	enum mv_exit result = MV_EXIT_DONE;

	for (size_t i = 0; result == MV_EXIT_DONE && i < hooks->count; i++) {
		result = run(runner, kind, &hooks->list[i], device);
	}
	return result;
}
