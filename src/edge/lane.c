#include "edge/lane.h"

#include <errno.h>
#include <stdlib.h>

#include "edge/inbound.h"
#include "edge/outbound.h"

struct mv_lane {
	struct mv_lane_config config;
	struct mv_outbound *out;
	struct mv_inbound *in;
};

int mv_lane_start(struct mv_lane **started, const struct mv_lane_config *config)
{
	struct mv_lane *lane = calloc(1, sizeof(*lane));
	int error;

	if (!lane) {
		return -ENOMEM;
	}
	lane->config = *config;
	if ((error = mv_outbound_start(&lane->out, &lane->config)) < 0 ||
		(error = mv_inbound_start(&lane->in, &lane->config)) < 0) {
		mv_lane_stop(lane);
		return error;
	}
	*started = lane;
	return 0;
}

void mv_lane_stop(struct mv_lane *lane)
{
	if (!lane) {
		return;
	}
	mv_inbound_stop(lane->in);
	mv_outbound_stop(lane->out);
	free(lane);
}

bool mv_lane_has_lost_tun(const struct mv_lane *lane)
{
	return mv_outbound_has_lost_tun(lane->out);
}
