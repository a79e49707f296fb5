/*
 * What is given up cannot be had back, so each test gives it up in a child, which reports by a
 * pipe.
 */
#include "edge/sandbox.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NET_ADMIN    (UINT64_C(1) << CAP_NET_ADMIN)
#define KEPT         (NET_ADMIN | UINT64_C(1) << CAP_NET_BIND_SERVICE)
#define SETPCAP      (UINT64_C(1) << CAP_SETPCAP)
#define SYS_RESOURCE (UINT64_C(1) << CAP_SYS_RESOURCE)

struct facts {
	int result;
	uint64_t permitted, effective, inheritable, bounding;
	int no_new_privs, dumpable;
	struct rlimit core, memlock;
};

/* Of the process as it is, by the kernel's own words. */
static struct facts take_facts(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	struct facts facts = {.result = (int)syscall(SYS_capget, &header, data)};

	facts.permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	facts.effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	facts.inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1) {
			facts.bounding |= UINT64_C(1) << cap;
		}
	}
	facts.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	facts.dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	getrlimit(RLIMIT_CORE, &facts.core);
	getrlimit(RLIMIT_MEMLOCK, &facts.memlock);
	return facts;
}

/* Does it in a child; what it writes to `out` is what this returns. */
static void in_child(void (*act)(int out), void *result, size_t len)
{
	int ends[2], status;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		act(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], result, len), (ssize_t)len);
	close(ends[0]);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
}

static void report(int out, int result)
{
	struct facts facts = take_facts();

	facts.result = result;
	_exit(write(out, &facts, sizeof(facts)) == sizeof(facts) ? 0 : 1);
}

/* Root's, and so the tests begin with something to lose. */
static struct facts start_privileged(void)
{
	if (geteuid() != 0) {
		cr_skip_test("needs root: there is nothing to give up");
	}
	struct facts facts = take_facts();

	cr_assert_eq(facts.result, 0);
	if (!(facts.permitted & NET_ADMIN) || !(facts.permitted & ~NET_ADMIN)) {
		cr_skip_test("needs CAP_NET_ADMIN and any other capability");
	}
	return facts;
}

static void drop_capabilities(int out)
{
	report(out, mv_sandbox_drop_capabilities(false));
}

Test(sandbox, only_what_the_network_needs_is_left)
{
	struct facts before = start_privileged(), after;

	in_child(drop_capabilities, &after, sizeof(after));
	cr_assert_eq(after.result, 0);
	cr_expect_eq(after.permitted, KEPT);
	cr_expect_eq(after.effective, KEPT);
	cr_expect_eq(after.inheritable, 0);
	if (before.permitted & SETPCAP) {
		cr_expect_neq(before.bounding, 0);
		cr_expect_eq(after.bounding, 0);
	}
}

static void drop_for_heirs(int out)
{
	report(out, mv_sandbox_drop_capabilities(true));
}

Test(sandbox, a_program_that_inherits_gets_no_more)
{
	struct facts after;

	start_privileged();
	in_child(drop_for_heirs, &after, sizeof(after));
	cr_assert_eq(after.result, 0);
	cr_expect_eq(after.permitted, KEPT);
	cr_expect_eq(after.effective, KEPT);
	cr_expect_eq(after.inheritable, 0);
	cr_expect_eq(after.bounding, KEPT);
	cr_expect_eq(after.no_new_privs, 1);
}

Test(sandbox, no_new_privileges)
{
	struct facts after;

	cr_assert_eq(take_facts().no_new_privs, 0);
	in_child(drop_capabilities, &after, sizeof(after));
	cr_expect_eq(after.no_new_privs, 1);
}

static void drop_without_setpcap(int out)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	data[0].permitted = data[0].effective = (uint32_t)(NET_ADMIN | 1U << CAP_NET_RAW);
	if (syscall(SYS_capset, &header, data) < 0) {
		_exit(1);
	}
	report(out, mv_sandbox_drop_capabilities(false));
}

Test(sandbox, a_container_that_gives_little_is_enough)
{
	struct facts after;

	start_privileged();
	in_child(drop_without_setpcap, &after, sizeof(after));
	cr_assert_eq(after.result, 0);
	cr_expect_eq(after.permitted, NET_ADMIN);
	cr_expect_eq(after.effective, NET_ADMIN);
}

static void drop_as_nobody(int out)
{
	if (setresuid(65534, 65534, 65534) < 0) {
		_exit(1);
	}
	report(out, mv_sandbox_drop_capabilities(false));
}

Test(sandbox, who_has_nothing_gets_nothing)
{
	struct facts after;

	start_privileged();
	in_child(drop_as_nobody, &after, sizeof(after));
	cr_assert_eq(after.result, 0);
	cr_expect_eq(after.permitted, 0);
	cr_expect_eq(after.effective, 0);
}

static void exec_status(int out)
{
	dup2(out, STDOUT_FILENO);
	execl("/bin/sed", "sed", "-n", "s/^CapPrm:[[:space:]]*//p", "/proc/self/status",
		(char *)NULL);
	_exit(127);
}

static void drop_and_exec(int out)
{
	if (mv_sandbox_drop_capabilities(false) == 0) {
		exec_status(out);
	}
}

Test(sandbox, an_executed_program_gets_nothing_back)
{
	char before[17] = "", after[17] = "";

	start_privileged();
	in_child(exec_status, before, sizeof(before) - 1);
	cr_assert_neq(strtoull(before, NULL, 16) & ~KEPT, 0, "%s", before);
	in_child(drop_and_exec, after, sizeof(after) - 1);
	cr_expect_eq(strtoull(after, NULL, 16) & ~KEPT, 0, "%s", after);
}

static void protect_memory(int out)
{
	mv_sandbox_protect_memory();
	report(out, 0);
}

Test(sandbox, memory_is_kept_from_dumps_and_debuggers)
{
	struct facts before = take_facts(), after;

	before.core.rlim_cur = before.core.rlim_max;
	if (before.core.rlim_max == 0) {
		cr_skip_test("core dumps are forbidden here already");
	}
	cr_assert_eq(setrlimit(RLIMIT_CORE, &before.core), 0);
	cr_assert_eq(before.dumpable, 1);

	in_child(protect_memory, &after, sizeof(after));
	cr_expect_eq(after.dumpable, 0);
	cr_expect_eq(after.core.rlim_cur, 0);
	cr_expect_eq(after.core.rlim_max, 0);
}

Test(sandbox, memory_may_be_locked_as_far_as_the_system_allows)
{
	const struct rlimit little = {1 << 16, 1 << 16};
	struct facts before = start_privileged(), after;

	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &little), 0);
	in_child(protect_memory, &after, sizeof(after));
	cr_expect_eq(after.memlock.rlim_cur,
		before.permitted & SYS_RESOURCE ? RLIM_INFINITY : little.rlim_cur);
}

static void protect_memory_as_nobody(int out)
{
	if (setresuid(65534, 65534, 65534) < 0) {
		_exit(1);
	}
	protect_memory(out);
}

Test(sandbox, a_refused_limit_is_no_reason_to_stop)
{
	struct facts after;

	start_privileged();
	in_child(protect_memory_as_nobody, &after, sizeof(after));
	cr_expect_eq(after.dumpable, 0);
	cr_expect_eq(after.core.rlim_max, 0);
}
