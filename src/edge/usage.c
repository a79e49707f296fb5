#include "edge/usage.h"

#include "base/now.h"

#define NS_PER_MS (MV_NS_PER_S / 1000)

bool mv_usage_is_due(const struct mv_usage *usage, uint64_t now_ms, uint64_t window_ms)
{
	return now_ms - usage->begun_ms >= window_ms;
}

unsigned mv_usage_permille(struct mv_usage *usage, uint64_t now_ms, uint64_t used_ns)
{
	uint64_t window_ns = (now_ms - usage->begun_ms) * NS_PER_MS;
	uint64_t used_here_ns = used_ns - usage->begun_used_ns;

	*usage = (struct mv_usage){.begun_ms = now_ms, .begun_used_ns = used_ns};
	return window_ns == 0 ? 0 : (unsigned)(used_here_ns * 1000 / window_ns);
}
