#include "cli/hostplan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static size_t count_allowed_ips(const struct mv_config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->peer_count; i++) {
		count += config->peers[i].allowed_ip_count;
	}
	return count;
}

int mv_hostplan_init(struct mv_hoststate *state, const struct mv_config *config)
{
	*state = (struct mv_hoststate){.mtu = config->mtu > 0 ? config->mtu : MV_MTU_DEFAULT,
		.link_up = true,
		.addresses = config->addresses,
		.address_count = config->address_count};

	size_t count = count_allowed_ips(config);
	if (count == 0) {
		return 0;
	}
	state->routes = calloc(count, sizeof(*state->routes));
	if (!state->routes) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct mv_config_peer *peer = &config->peers[i];

		for (size_t k = 0; k < peer->allowed_ip_count; k++) {
			state->routes[state->route_count++] = peer->allowed_ips[k];
		}
	}
	return 0;
}

void mv_hostplan_uninit(struct mv_hoststate *state)
{
	free(state->routes);
	*state = (struct mv_hoststate){0};
}

const char *mv_hostplan_step_text(
	char text[static MV_STEP_TEXT_MAX], const struct mv_host_step *step)
{
	static const char *const words[] = {
		[MV_HOST_NO_LINK_LOCAL] = "keep the link-local address away",
		[MV_HOST_MTU] = "set the MTU to",
		[MV_HOST_ADDRESS_ADD] = "add the address",
		[MV_HOST_LINK_UP] = "set the link up",
		[MV_HOST_ROUTE_ADD] = "add the route to",
		[MV_HOST_ROUTE_REMOVE] = "remove the route to",
		[MV_HOST_LINK_DOWN] = "set the link down",
		[MV_HOST_ADDRESS_REMOVE] = "remove the address",
	};
	char prefix[MV_PREFIX_TEXT_MAX];

	if (step->kind == MV_HOST_MTU) {
		snprintf(text, MV_STEP_TEXT_MAX, "%s %u", words[step->kind], (unsigned)step->mtu);
	} else if (step->prefix.ip.family != MV_FAMILY_NONE) {
		snprintf(text, MV_STEP_TEXT_MAX, "%s %s", words[step->kind],
			mv_prefix_print(prefix, &step->prefix));
	} else {
		snprintf(text, MV_STEP_TEXT_MAX, "%s", words[step->kind]);
	}
	return text;
}
