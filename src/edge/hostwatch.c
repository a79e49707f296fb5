#include "edge/hostwatch.h"

#include <errno.h>
#include <stdbool.h>

#include "edge/clock.h"

static void on_link_event(void *ctx, const struct mv_link_event *event)
{
	struct mv_hostwatch *watch = ctx;

	if (event->deleted) {
		watch->deleted(watch->ctx);
		return;
	}
	if (event->mtu > 0) {
		mv_device_set_mtu(watch->device, event->mtu);
	}
	mv_device_set_up(watch->device, event->up, mv_clock_sample());
}

static int ask_link(const struct mv_hostwatch *watch, struct mv_link_event *event)
{
	struct mv_netlink *netlink;

	if (watch->requests) {
		return mv_netlink_link_get(watch->requests, watch->place.ifindex, event);
	}
	int error = mv_netlink_open(&netlink);
	if (error == 0) {
		error = mv_netlink_link_get(netlink, watch->place.ifindex, event);
		mv_netlink_close(netlink);
	}
	return error;
}

int mv_hostwatch_update(struct mv_hostwatch *watch)
{
	struct mv_link_event event;

	if (watch->place.nsid != MV_NSID_OWN) {
		return 0; /* There is nobody here to ask. */
	}
	int error = ask_link(watch, &event);
	if (error == 0 && event.deleted) {
		/* Or moved to another namespace. If it was deleted, its descriptor will tell. */
		return -ENODEV;
	}
	if (error == 0) {
		on_link_event(watch, &event);
	}
	return error;
}

/* An overrun raises an error, at which libuv stops watching; what there was to read is read off. */
static void go_on(uv_poll_t *handle, int status, uv_poll_cb callback)
{
	if (status < 0) {
		uv_poll_start(handle, UV_READABLE, callback);
	}
}

static void on_link(uv_poll_t *handle, int status, int events)
{
	struct mv_hostwatch *watch = handle->data;
	bool has_lost_events = status < 0;

	(void)events;
	while (mv_netlink_monitor_read(watch->link, &watch->place, on_link_event, watch) ==
		-ENOBUFS) {
		has_lost_events = true;
	}
	if (has_lost_events) {
		mv_hostwatch_update(watch);
	}
	go_on(handle, status, on_link);
}

static void on_paths(uv_poll_t *handle, int status, int events)
{
	struct mv_hostwatch *watch = handle->data;

	(void)events;
	mv_netlink_paths_drain(watch->paths);
	mv_device_forget_sources(watch->device);
	mv_names_hurry(watch->names);
	go_on(handle, status, on_paths);
}

static int poll_socket(struct mv_hostwatch *watch, uv_loop_t *loop, uv_poll_t *poll,
	const struct mv_netlink *socket, uv_poll_cb callback)
{
	int error = uv_poll_init(loop, poll, mv_netlink_fd(socket));

	if (error < 0) {
		return error;
	}
	poll->data = watch;
	return uv_poll_start(poll, UV_READABLE, callback);
}

int mv_hostwatch_start(struct mv_hostwatch *watch, uv_loop_t *loop)
{
	int error = watch->link ? 0 : mv_netlink_monitor_open(&watch->link);

	if (error < 0 || (error = mv_netlink_paths_open(&watch->paths)) < 0 ||
		(error = poll_socket(watch, loop, &watch->link_poll, watch->link, on_link)) < 0) {
		return error;
	}
	return poll_socket(watch, loop, &watch->paths_poll, watch->paths, on_paths);
}

void mv_hostwatch_uninit(struct mv_hostwatch *watch)
{
	mv_netlink_close(watch->link);
	mv_netlink_close(watch->paths);
	mv_netlink_close(watch->requests);
	watch->link = watch->paths = watch->requests = NULL;
}
