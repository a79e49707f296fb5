#include "cli/hostchange.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hoststep.h"
#include "cli/steptext.h"
#include "edge/netlink_ask.h"

static enum mv_exit report_step(
	const struct mv_host *host, const struct mv_host_step *step, int error)
{
	bool is_taken = error == -EEXIST && step->kind == MV_HOST_ROUTE_ADD;
	char text[MV_STEPTEXT_MAX];

	if (error == -EINTR) {
		return mv_command_failed("%s: interrupted", host->device);
	}
	return mv_command_failed("%s: cannot %s: %s", host->device, mv_steptext(text, step),
		is_taken ? "another device has that route already, see 'ip route'"
			 : strerror(-error));
}

/* What is set */

/* Before it is done. Names and a firewall take the place of those that are there. */
static int note(struct mv_host *host, struct mv_host_step *step)
{
	struct mv_hostrecord *record = &host->record;
	struct mv_host_step *done =
		mv_hostrecord_find_done(record, step->kind, step->family, step->number);
	int error = 0;

	if (step->kind == MV_HOST_RULE_MARK_ADD || step->kind == MV_HOST_RULE_MAIN_ADD) {
		error = mv_netlink_first_priority(host->netlink, step->family, &step->priority);
	}
	if (step->kind == MV_HOST_DNS_SET) {
		mv_dns_name(record->dns_name, host->device);
	}
	if (error < 0) {
		return error;
	}
	if (!done && record->done_count == MV_HOSTRECORD_DONE_MAX) {
		return -ENOSPC; /* of many that could not be undone */
	}
	if (!done) {
		done = &record->done[record->done_count++];
	}
	*done = *step;
	return mv_hostrecord_write(record, host->device);
}

/* It is not done any more, or was not after all. */
static void unnote(struct mv_host *host, struct mv_host_step *done)
{
	struct mv_hostrecord *record = &host->record;
	size_t behind = (size_t)(record->done + record->done_count - (done + 1));

	memmove(done, done + 1, behind * sizeof(*done));
	record->done_count--;
	(void)mv_hostrecord_write(record, host->device);
}

static int set_beside(
	struct mv_host *host, struct mv_host_step *step, const struct mv_hoststate *state)
{
	struct mv_hostrecord *record = &host->record;
	struct mv_host_step *done =
		mv_hostrecord_find_done(record, step->kind, step->family, step->number);
	struct mv_host_step before = done ? *done : (struct mv_host_step){0};
	bool is_there = done != NULL;
	int error = note(host, step);

	if (error < 0) {
		return error;
	}
	error = mv_hoststep_do(host, 0, step, state);
	if (error == 0 || error == -EINTR) {
		return error;
	}
	done = mv_hostrecord_find_done(record, step->kind, step->family, step->number);
	if (is_there) {
		/* What it was to replace is still there, to be undone one day. */
		*done = before;
		(void)mv_hostrecord_write(record, host->device);
	} else {
		unnote(host, done);
	}
	return error;
}

/* What is removed: just what was set, since others have rules that look the same. */
static int unset_beside(struct mv_host *host, const struct mv_host_step *step)
{
	struct mv_host_step *done = mv_hostrecord_find_done(
		&host->record, mv_host_step_opposite(step->kind), step->family, step->number);

	if (!done) {
		return 0; /* It was done without. */
	}
	struct mv_host_step removal = *done;
	removal.kind = step->kind;
	int error = mv_hoststep_undo(host, &removal);
	if (error == 0) {
		unnote(host, done);
	}
	return error;
}

static int do_step(struct mv_host *host, int ifindex, struct mv_host_step *step,
	const struct mv_hoststate *state)
{
	int error;

	if (mv_runner_is_interrupted(&host->runner)) {
		return -EINTR;
	}
	if (mv_host_step_lies_beside(step->kind)) {
		error = set_beside(host, step, state);
	} else if (mv_host_step_removes_beside(step->kind)) {
		error = unset_beside(host, step);
	} else {
		error = mv_hoststep_do(host, ifindex, step, state);
	}
	return error == MV_HOSTSTEP_DONE_WITHOUT ? 0 : error;
}

enum mv_exit mv_hostchange_do(struct mv_host *host, const struct mv_hoststate *old,
	const struct mv_hoststate *new, enum mv_hostchange_policy policy)
{
	int ifindex = (int)if_nametoindex(host->device);
	enum mv_exit result = MV_EXIT_DONE;
	struct mv_host_steps steps;

	if (mv_hoststate_diff(&steps, old, new) < 0) {
		return mv_command_failed("no memory");
	}
	for (size_t i = 0; i < steps.count; i++) {
		int error = do_step(host, ifindex, &steps.list[i], new);

		if (error < 0) {
			result = report_step(host, &steps.list[i], error);
		}
		if (error < 0 && policy == MV_HOSTCHANGE_STOP) {
			break;
		}
	}
	mv_host_steps_uninit(&steps);
	return result;
}

/* What there is */

static bool has_address(const struct mv_hoststate *state, const struct mv_prefix *address)
{
	for (size_t i = 0; i < state->address_count; i++) {
		if (mv_prefix_equal(&state->addresses[i], address)) {
			return true;
		}
	}
	return false;
}

static int compare_routes(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct mv_route));
}

/* Sorted, for there may be as many as a device has peers. */
static struct mv_route *sort_routes(const struct mv_hoststate *state)
{
	struct mv_route *sorted = calloc(state->route_count + 1, sizeof(*sorted));

	for (size_t i = 0; sorted && i < state->route_count; i++) {
		/* Field by field: the gaps between them are zero. */
		sorted[i].prefix.ip.family = state->routes[i].prefix.ip.family;
		memcpy(sorted[i].prefix.ip.bytes, state->routes[i].prefix.ip.bytes,
			sizeof(sorted[i].prefix.ip.bytes));
		sorted[i].prefix.bits = state->routes[i].prefix.bits;
		sorted[i].table = state->routes[i].table;
		mv_prefix_mask(&sorted[i].prefix);
	}
	if (sorted) {
		qsort(sorted, state->route_count, sizeof(*sorted), compare_routes);
	}
	return sorted;
}

static bool is_among(const struct mv_route *sorted, size_t count, const struct mv_route *route)
{
	return bsearch(route, sorted, count, sizeof(*route), compare_routes) != NULL;
}

static void keep_ours(
	struct mv_hoststate *now, const struct mv_hoststate *set, const struct mv_hoststate *new)
{
	size_t kept = 0;

	for (size_t i = 0; i < now->address_count; i++) {
		if (has_address(set, &now->addresses[i]) || has_address(new, &now->addresses[i])) {
			now->addresses[kept++] = now->addresses[i];
		}
	}
	now->address_count = kept;
}

static int keep_our_routes(
	struct mv_hoststate *now, const struct mv_hoststate *set, const struct mv_hoststate *new)
{
	struct mv_route *there = sort_routes(now), *ours = sort_routes(set),
			*wanted = sort_routes(new);
	int error = there && ours && wanted ? 0 : -ENOMEM;
	size_t kept = 0;

	for (size_t i = 0; error == 0 && i < now->route_count; i++) {
		if (is_among(ours, set->route_count, &there[i]) ||
			is_among(wanted, new->route_count, &there[i])) {
			there[kept++] = there[i];
		}
	}
	free(wanted);
	free(ours);
	free(now->routes);
	now->routes = there;
	now->route_count = there ? kept : 0;
	return error;
}

static bool has_rules(struct mv_host *host, enum mv_family family)
{
	return mv_hostrecord_find_done(
		       &host->record, MV_HOST_RULE_MARK_ADD, family, host->record.mark) &&
	       mv_hostrecord_find_done(
		       &host->record, MV_HOST_RULE_MAIN_ADD, family, host->record.mark);
}

static int read_beside(struct mv_hoststate *now, struct mv_host *host)
{
	struct mv_hostrecord *record = &host->record;

	now->mark = record->mark;
	now->by_mark4 = has_rules(host, MV_FAMILY_IPV4);
	now->by_mark6 = has_rules(host, MV_FAMILY_IPV6);
	now->sets_src_valid_mark =
		mv_hostrecord_find_done(record, MV_HOST_SRC_VALID_MARK_SET, MV_FAMILY_NONE, 0);
	if (record->state.dns &&
		mv_hostrecord_find_done(record, MV_HOST_DNS_SET, MV_FAMILY_NONE, 0)) {
		now->dns = strdup(record->state.dns);
		return now->dns ? 0 : -ENOMEM;
	}
	return 0;
}

int mv_hostchange_state_now(
	struct mv_hoststate *now, struct mv_host *host, const struct mv_hoststate *new)
{
	int ifindex = (int)if_nametoindex(host->device);
	struct mv_link_event link;

	*now = (struct mv_hoststate){0};
	int error = mv_netlink_link_get(host->netlink, ifindex, &link);
	if (error < 0 || link.deleted) {
		return error < 0 ? error : -ENODEV;
	}
	now->mtu = link.mtu;
	now->link_up = link.up;
	error = read_beside(now, host);
	if (error == 0) {
		error = mv_netlink_addresses(
			host->netlink, ifindex, &now->addresses, &now->address_count);
	}
	if (error == 0) {
		error = mv_netlink_routes(host->netlink, ifindex, &now->routes, &now->route_count);
	}
	if (error == 0) {
		keep_ours(now, &host->record.state, new);
		error = keep_our_routes(now, &host->record.state, new);
	}
	return error;
}

/* All of it */

/* With its namespace everything has gone but the names of servers, which are a file. */
static int undo_step(struct mv_host *host, const struct mv_host_step *step)
{
	bool is_gone = host->has_lost_namespace && step->kind != MV_HOST_DNS_REMOVE;

	return is_gone ? 0 : mv_hoststep_undo(host, step);
}

enum mv_exit mv_hostchange_undo(struct mv_host *host)
{
	struct mv_hostrecord *record = &host->record;
	enum mv_exit result = MV_EXIT_DONE;
	size_t left = 0;

	for (size_t i = record->done_count; i-- > 0;) {
		struct mv_host_step step = record->done[i];

		step.kind = mv_host_step_opposite(step.kind);
		int error = undo_step(host, &step);
		if (error < 0) {
			result = report_step(host, &step, error);
			left++;
		} else {
			record->done_count--;
			memmove(&record->done[i], &record->done[i + 1],
				left * sizeof(record->done[0]));
		}
	}
	return result;
}
