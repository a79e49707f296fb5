#include "cli/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child ends before it is ready only by its exit code, or by a signal. */
static enum mv_exit wait_for_child(pid_t child, int fd)
{
	char ready;
	int status;
	ssize_t got;

	do {
		got = read(fd, &ready, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1) {
		return MV_EXIT_DONE;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	if (WIFSIGNALED(status)) {
		return mv_command_failed(
			"ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	}
	return WEXITSTATUS(status);
}

/* Whatever else was inherited belongs to somebody who does not expect it to be held. */
static void close_others(const struct mv_daemon *daemon)
{
	const int kept[] = {daemon->ready_fd, daemon->keeps[0], daemon->keeps[1]};
	int first = STDERR_FILENO + 1;

	for (;;) {
		int next = INT_MAX;

		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
			next = kept[i] >= first && kept[i] < next ? kept[i] : next;
		}
		if (next > first) {
			close_range((unsigned)first, (unsigned)next - 1, 0);
		}
		if (next == INT_MAX) {
			return;
		}
		first = next + 1;
	}
}

/*
 * In the foreground the terminal's ^C is the parent's, who takes the tunnel down in order; should
 * he die without it, so does the child. Otherwise nobody's terminal can hang up on it later.
 */
static void begin_child(const struct mv_daemon *daemon, pid_t parent)
{
	close_others(daemon);
	signal(SIGHUP, SIG_IGN);
	if (!daemon->in_foreground) {
		return;
	}
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent) {
		_exit(MV_EXIT_FAILED);
	}
}

bool mv_daemon_fork(struct mv_daemon *daemon, enum mv_exit *result)
{
	pid_t parent = getpid();
	sigset_t set, old;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		*result = mv_command_failed("cannot make a pipe: %s", strerror(errno));
		return false;
	}
	fflush(NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	daemon->child = fork();
	if (daemon->child == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		daemon->ready_fd = fds[1];
		begin_child(daemon, parent);
		return true;
	}
	close(fds[1]);
	*result = daemon->child > 0 ? wait_for_child(daemon->child, fds[0])
				    : mv_command_failed("cannot fork: %s", strerror(errno));
	close(fds[0]);
	return false;
}

static void let_go_of_terminal(bool keeps_output)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (chdir("/") < 0) {
		/* Then some file system stays in use. That is a nuisance, not an error. */
	}
	if (null_fd < 0) {
		return;
	}
	dup2(null_fd, STDIN_FILENO);
	if (!keeps_output) {
		dup2(null_fd, STDOUT_FILENO);
		dup2(null_fd, STDERR_FILENO);
	}
	close(null_fd);
}

bool mv_daemon_detach(struct mv_daemon *daemon)
{
	fflush(NULL);
	if (!daemon->in_foreground) {
		let_go_of_terminal(daemon->keeps_output);
	}
	if (write(daemon->ready_fd, "", 1) < 0) {
		/* The parent is gone; the tunnel is up all the same. */
	}
	close(daemon->ready_fd);
	daemon->ready_fd = -1;
	return !daemon->in_foreground && !daemon->keeps_output;
}
