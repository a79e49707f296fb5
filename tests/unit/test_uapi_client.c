#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "control/report.h"
#include "uapi_server.h"

TestSuite(uapi_client, .init = enter_namespace, .timeout = 60);

Test(uapi_client, the_client_lists_the_sockets_in_order)
{
	int fds[2];
	char **names = NULL;

	cr_assert_eq(mv_uapi_client_list(&names), 0);
	cr_expect_null(names[0]);
	mv_uapi_client_list_free(names);

	cr_assert_eq(mv_uapi_socket_bind(&fds[0], "wg1"), 0);
	cr_assert_eq(mv_uapi_socket_bind(&fds[1], "wg0"), 0);
	close(open(MV_UAPI_DIRECTORY "/plain.sock", O_CREAT | O_WRONLY, 0600));
	close(open(MV_UAPI_DIRECTORY "/.sock", O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(mv_uapi_client_list(&names), 0);
	cr_assert_str_eq(names[0], "wg0");
	cr_assert_str_eq(names[1], "wg1");
	cr_assert_null(names[2]);
	mv_uapi_client_list_free(names);
	mv_uapi_client_list_free(NULL);
}

Test(uapi_client, the_client_tells_what_went_wrong)
{
	char *text = NULL;
	size_t len;
	int fd = mv_uapi_client_connect(DEVICE);

	cr_expect_eq(fd, -ENOENT);
	start_server();
	fd = connect_client();
	cr_expect_eq(mv_uapi_client_ask(fd, "what=1\n\n", &text, &len), -EPROTO);
	cr_expect_null(text);
	stop_server();
}

/* The real thing, which is a client, too. */

/* wg show, with one more argument or NULL. */
static void run_wg(const char *argument, char *output, size_t room)
{
	size_t len = 0;
	ssize_t bytes;
	int ends[2], status;
	pid_t child;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl("/usr/bin/wg", "wg", "show", argument, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((bytes = read(ends[0], output + len, room - 1 - len)) > 0) {
		len += (size_t)bytes;
	}
	output[len] = '\0';
	close(ends[0]);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
}

static void expect_wg(const char *argument, const char *expected)
{
	char output[4096];

	run_wg(argument, output, sizeof output);
	cr_expect_str_eq(output, expected);
}

Test(uapi_client, wg_show_prints_what_we_report)
{
	struct mv_snapshot *snapshot;
	char *report;

	if (access("/usr/bin/wg", X_OK) != 0) {
		cr_skip_test("needs wg, of the package wireguard-tools");
	}
	server.prefixes = 2;
	start_server();
	snapshot = take_snapshot(&server);
	report = mv_report_text(DEVICE, snapshot, 0, true);
	setenv("WG_COLOR_MODE", "always", 1);
	expect_wg(DEVICE, report);
	free(report);
	report = mv_report_text(DEVICE, snapshot, 0, false);
	setenv("WG_COLOR_MODE", "never", 1);
	expect_wg(NULL, report);
	free(report);
	expect_wg("interfaces", DEVICE "\n");
	mv_snapshot_destroy(snapshot);
	stop_server();
}
