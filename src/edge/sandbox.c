#include "edge/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
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

/* For marks, and for a port below 1024 that is set while the tunnel is up. */
static const unsigned kept[] = {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE};

int mv_sandbox_drop_capabilities(bool program_inherits)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -errno;
	}
	if (capng_get_caps_process() < 0) {
		return -EPERM;
	}
	capng_type_t types = CAPNG_EFFECTIVE | CAPNG_PERMITTED;
	if (program_inherits) {
		types |= CAPNG_BOUNDING_SET;
	}
	bool may[sizeof(kept) / sizeof(kept[0])];
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		may[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]) != 0;
	}

	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (may[i] && capng_update(CAPNG_ADD, types, kept[i]) < 0) {
			return -EPERM;
		}
	}
	if (capng_apply(CAPNG_SELECT_BOTH) < 0) {
		return -EPERM;
	}
	return 0;
}
