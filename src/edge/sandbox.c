#include "edge/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void mv_sandbox_protect_memory(void)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int mv_sandbox_drop_capabilities(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -errno;
	}
	if (capng_get_caps_process() < 0) {
		return -EPERM;
	}
	int has_net_admin = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);

	capng_clear(CAPNG_SELECT_BOTH);
	if (has_net_admin &&
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) < 0) {
		return -EPERM;
	}
	if (capng_apply(CAPNG_SELECT_BOTH) < 0) {
		return -EPERM;
	}
	return 0;
}
