#include "cli/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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

bool mv_daemon_fork(struct mv_daemon *daemon, enum mv_exit *result)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		*result = mv_command_failed("cannot make a pipe: %s", strerror(errno));
		return false;
	}
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		/* Whatever else was inherited belongs to somebody who does not expect it to be
		 * held. */
		close_range(STDERR_FILENO + 1, (unsigned)fds[1] - 1, 0);
		close_range((unsigned)fds[1] + 1, ~0U, 0);
		daemon->ready_fd = fds[1];
		/* Nobody's terminal can hang up on it later. */
		signal(SIGHUP, SIG_IGN);
		return true;
	}
	close(fds[1]);
	*result = child > 0 ? wait_for_child(child, fds[0])
			    : mv_command_failed("cannot fork: %s", strerror(errno));
	close(fds[0]);
	return false;
}

void mv_daemon_detach(struct mv_daemon *daemon)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	fflush(NULL);
	setsid();
	if (chdir("/") < 0) {
		/* Then some file system stays in use. That is a nuisance, not an error. */
	}
	if (null_fd >= 0) {
		dup2(null_fd, STDIN_FILENO);
		dup2(null_fd, STDOUT_FILENO);
		dup2(null_fd, STDERR_FILENO);
		close(null_fd);
	}
	if (write(daemon->ready_fd, "", 1) < 0) {
		/* The parent is gone; the tunnel is up all the same. */
	}
	close(daemon->ready_fd);
	daemon->ready_fd = -1;
}
