#include "cli/namespaces.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/hostplan.h"
#include "edge/netns.h"

static enum mv_exit report(const char *place, int error)
{
	if (error == -ENOENT && place[0] != '/') {
		return mv_command_failed("there is no network namespace '%s': 'ip netns add %s' "
					 "makes it",
			place, place);
	}
	switch (-error) {
	case ENOENT:
		return mv_command_failed("there is no network namespace %s", place);
	case EINVAL:
		return mv_command_failed("%s is no network namespace", place);
	case EPERM:
	case EACCES:
		return mv_command_failed("no permission to enter the network namespace %s, which "
					 "needs CAP_SYS_ADMIN: run minivpn as root",
			place);
	default:
		return mv_command_failed(
			"cannot enter the network namespace %s: %s", place, strerror(-error));
	}
}

static const char *name_of(const char *place)
{
	return place ? place : "that minivpn was called in";
}

static enum mv_exit open_both(
	int *device, struct mv_namespaces *namespaces, const struct mv_config *config)
{
	*device = mv_netns_open(config->device_namespace);
	if (*device < 0) {
		return report(name_of(config->device_namespace), *device);
	}
	namespaces->sockets = mv_netns_open(config->socket_namespace);
	if (namespaces->sockets < 0) {
		return report(name_of(config->socket_namespace), namespaces->sockets);
	}
	return MV_EXIT_DONE;
}

/* The way of sealed packets is looked at where they go. */
static enum mv_exit look_outside(struct mv_namespaces *namespaces, const struct mv_config *config)
{
	/* Without a name that is where we are. */
	int error = config->socket_namespace ? mv_netns_enter(namespaces->sockets) : 0;

	if (error < 0) {
		return report(name_of(config->socket_namespace), error);
	}
	error = mv_hostplan_mtu(&namespaces->mtu_outside, config);
	return error < 0 ? mv_command_failed(
				   "cannot ask the kernel for its routes: %s", strerror(-error))
			 : MV_EXIT_DONE;
}

static enum mv_exit enter(
	int device, struct mv_namespaces *namespaces, const struct mv_config *config)
{
	enum mv_exit result = MV_EXIT_DONE;

	if (mv_netns_number(device) == mv_netns_number(namespaces->sockets)) {
		mv_namespaces_uninit(namespaces);
	} else {
		result = look_outside(namespaces, config);
	}
	if (result != MV_EXIT_DONE) {
		return result;
	}
	int error = mv_netns_enter(device);
	return error < 0 ? report(name_of(config->device_namespace), error) : MV_EXIT_DONE;
}

enum mv_exit mv_namespaces_enter(struct mv_namespaces *namespaces, const struct mv_config *config)
{
	int device = -1;

	*namespaces = (struct mv_namespaces){.sockets = -1};
	if (!config->device_namespace && !config->socket_namespace) {
		return MV_EXIT_DONE;
	}
	enum mv_exit result = open_both(&device, namespaces, config);
	if (result == MV_EXIT_DONE) {
		result = enter(device, namespaces, config);
	}
	if (device >= 0) {
		close(device);
	}
	return result;
}

void mv_namespaces_uninit(struct mv_namespaces *namespaces)
{
	if (namespaces->sockets >= 0) {
		close(namespaces->sockets);
	}
	namespaces->sockets = -1;
}
