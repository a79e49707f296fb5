#include "edge/lanes.h"

int mv_lanes_start(struct mv_lanes *lanes)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < lanes->count; i++) {
		error = mv_lane_start(&lanes->list[i], &lanes->configs[i]);
	}
	if (error < 0) {
		mv_lanes_stop(lanes);
	}
	return error;
}

void mv_lanes_stop(struct mv_lanes *lanes)
{
	for (size_t i = 0; i < lanes->count; i++) {
		mv_lane_stop(lanes->list[i]);
		lanes->list[i] = NULL;
	}
}

bool mv_lanes_run(const struct mv_lanes *lanes)
{
	return lanes->list[0] != NULL;
}

bool mv_lanes_have_lost_tun(const struct mv_lanes *lanes)
{
	return mv_lanes_run(lanes) && mv_lane_has_lost_tun(lanes->list[0]);
}
