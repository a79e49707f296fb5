#include "edge/lane_config.h"

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
