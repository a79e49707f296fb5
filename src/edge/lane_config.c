#include "edge/lane_config.h"

#include <limits.h>

/* Long enough that a thread which only waits for its turn is seen to wait, short enough that nobody
 * waits for the second one. */
#define WINDOW_MS 50

/* With a processor for itself; a thread that shares one gets less. */
#define LEND_PERMILLE 950

/* So much less than one has to have for two that it does not go to and fro. */
#define CALL_BACK_PERMILLE 700

struct mv_lane_sharing mv_lane_sharing_best(void)
{
	return (struct mv_lane_sharing){.window_ms = WINDOW_MS,
		.lend_permille = uv_available_parallelism() > 1 ? LEND_PERMILLE : UINT_MAX,
		.call_back_permille = CALL_BACK_PERMILLE};
}

void mv_lane_narrow_offloads(
	const struct mv_lane_config *config, bool offloads[static MV_OFFLOAD_COUNT])
{
	const struct mv_tun *tun = config->tun;
	const struct mv_udp *udp = config->udp;

	offloads[MV_OFFLOAD_TCP] &= tun->merges_tcp;
	offloads[MV_OFFLOAD_UDP] &= tun->merges_udp;
	offloads[MV_OFFLOAD_SEGMENT] &= udp->cuts4 || udp->cuts6;
	offloads[MV_OFFLOAD_GRO] &= udp->merges4 || udp->merges6;
}

void mv_lane_wake_control(const struct mv_lane_config *config, bool is_needed)
{
	if (is_needed) {
		uv_async_send(config->control);
	}
}

void mv_lane_watch(const struct mv_lane_config *config, enum mv_direction direction,
	const struct mv_packet *packet)
{
	if (config->watch) {
		config->watch(config->watch_ctx, direction, packet->data, packet->len);
	}
}
