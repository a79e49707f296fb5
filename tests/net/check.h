/*
 * What the plain test programs in a namespace share: a check that ends the program, a network
 * namespace of their own, and commands to ask and to plant with. One thread.
 */
#ifndef MV_TESTS_NET_CHECK_H
#define MV_TESTS_NET_CHECK_H

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_SKIPPED 77
#define TEXT_MAX     8192
#define WORDS_MAX    24

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);    \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define CHECK_INT(left, right) check_int(__FILE__, __LINE__, #left, (left), (right))

static inline void check_int(const char *file, int line, const char *what, long is, long wanted)
{
	if (is == wanted)
		return;
	fprintf(stderr, "%s:%d: %s is %ld, wanted %ld\n", file, line, what, is, wanted);
	exit(1);
}

static inline void check_text(const char *what, const char *is, const char *wanted)
{
	if (strcmp(is, wanted) == 0)
		return;
	fprintf(stderr, "%s: is\n%s\nwanted\n%s\n", what, is, wanted);
	exit(1);
}

static inline void skip(const char *reason)
{
	fprintf(stderr, "skipped: %s\n", reason);
	exit(EXIT_SKIPPED);
}

/* A new network namespace, so that nothing here can touch the host's. Needs CAP_SYS_ADMIN. */
static inline void enter_namespace(void)
{
	if (access("/dev/net/tun", F_OK) < 0)
		skip("there is no /dev/net/tun; load the module tun");
	if (unshare(CLONE_NEWNET) < 0)
		skip("a network namespace needs root; run this with sudo");
}

/* What the daemon keeps. Programs started from here have all that root has again. */
static inline void keep_only_net_admin(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	CHECK(capng_apply(CAPNG_SELECT_CAPS) == 0);
}

static inline void exec_words(char *command, int output)
{
	char *words[WORDS_MAX + 1] = {0};
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(command, " ", &rest); word && count < WORDS_MAX;
		word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	dup2(output, STDOUT_FILENO);
	if (count > 0)
		execvp(words[0], words);
	_exit(127);
}

/* Runs a command of plain words; its output goes into text. It must succeed. */
static inline void run(char text[static TEXT_MAX], const char *command)
{
	char copy[512];
	int ends[2];
	int status;
	size_t len = 0;
	ssize_t got;
	pid_t child;

	CHECK((size_t)snprintf(copy, sizeof(copy), "%s", command) < sizeof(copy));
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0)
		exec_words(copy, ends[1]);
	close(ends[1]);
	while ((got = read(ends[0], text + len, TEXT_MAX - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(ends[0]);
	CHECK(waitpid(child, &status, 0) == child);
	if (status != 0)
		fprintf(stderr, "failed: %s\n", command);
	CHECK(status == 0);
}

static inline void run_quietly(const char *command)
{
	char text[TEXT_MAX];

	run(text, command);
}

#endif
