#include "cli/tuns.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/device_status.h"
#include "edge/netlink_has.h"

/* Of a device that nobody has said more of: what is left of 1500 bytes on a path over IPv6. */
#define MTU_DEFAULT 1420

/* Whether the device that is there was prepared for this process, which may not make one itself. */
static bool looks_prepared(const char *name, bool *is_in_use)
{
	struct mv_netlink *netlink;

	*is_in_use = false;
	if (mv_netlink_open(&netlink) < 0) {
		return false; /* That it cannot be made tells enough. */
	}
	bool may_change = mv_netlink_may_change(netlink);
	*is_in_use = mv_netlink_is_in_use(netlink, (int)if_nametoindex(name));
	mv_netlink_close(netlink);
	return !may_change;
}

static enum mv_exit report_busy(const char *name)
{
	if (mv_device_is_up(name)) {
		return mv_command_failed("%s is up already: 'minivpn status %s' shows it, "
					 "'minivpn down %s' ends it",
			name, name, name);
	}
	return mv_command_failed("the device name '%s' is taken; choose another (in a peer file by "
				 "'Device = NAME')",
		name);
}

static enum mv_exit report(const char *name, int error)
{
	switch (-error) {
	case EBUSY:
	case EEXIST:
		return report_busy(name);
	case EPERM:
		return mv_command_failed("no permission to create the device %s: run minivpn as "
					 "root, or let an administrator prepare it by 'ip tuntap "
					 "add dev %s mode tun user %u'",
			name, name, (unsigned)geteuid());
	case EACCES:
		return mv_command_failed("no permission for /dev/net/tun, which %s needs: run "
					 "minivpn as root, or let an administrator allow it by "
					 "'chmod 666 /dev/net/tun'",
			name);
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return mv_command_failed("there is no /dev/net/tun: load the module by 'modprobe "
					 "tun', or give the container that device");
	default:
		return mv_command_failed("cannot create the device %s: %s", name, strerror(-error));
	}
}

static enum mv_exit report_prepared(const char *name, int error)
{
	switch (-error) {
	case EPERM:
		return mv_command_failed("the device %s was not prepared for this user, whose "
					 "number is %u: an administrator makes one by 'ip tuntap "
					 "add dev NAME mode tun user %u'",
			name, (unsigned)geteuid(), (unsigned)geteuid());
	case EBUSY:
		return mv_device_is_up(name)
			       ? report_busy(name)
			       : mv_command_failed(
					 "the device %s is in use by another program", name);
	case ENOTTY:
		return mv_command_failed("the device %s is no TUN device; choose another (in a "
					 "peer file by 'Device = NAME')",
			name);
	default:
		return mv_command_failed("cannot use the device %s: %s", name, strerror(-error));
	}
}

static int open_queues(struct mv_tun *tuns, size_t *count)
{
	size_t wanted = *count;

	for (*count = 1; *count < wanted; ++*count) {
		int error = mv_tun_open_queue(&tuns[*count], &tuns[0]);

		if (error < 0) {
			return error;
		}
	}
	return 0;
}

/* A device of others has as many as it was made for. */
static void open_further_queues(struct mv_tun *tuns, size_t *count)
{
	size_t wanted = *count;
	int error = tuns[0].has_many_queues ? open_queues(tuns, count) : -ENOTSUP;

	if (error < 0) {
		*count = error == -ENOTSUP ? 1 : *count;
		fprintf(stderr, "minivpn: %s: warning: %zu instead of %zu lanes: %s\n",
			tuns[0].name, *count, wanted,
			error == -ENOTSUP ? "the device was made without multi_queue"
					  : strerror(-error));
	}
}

/* To join one that is in use would change its offloads under the other program. */
static enum mv_exit join(
	struct mv_tun *tuns, size_t *count, const char *device, int flags, bool is_in_use)
{
	int error = is_in_use ? -EBUSY : mv_tun_join(&tuns[0], device, flags);

	if (error < 0) {
		return report_prepared(device, error);
	}
	if (*count > 1) {
		open_further_queues(tuns, count);
	}
	return MV_EXIT_DONE;
}

enum mv_exit mv_tuns_open(
	struct mv_tun *tuns, size_t *count, const char *device, int flags, bool *is_prepared)
{
	int error = mv_tun_open(&tuns[0], device, flags);
	bool is_in_use;

	*is_prepared = (error == -EBUSY || error == -EEXIST) && looks_prepared(device, &is_in_use);
	if (*is_prepared) {
		return join(tuns, count, device, flags, is_in_use);
	}
	if (error == 0) {
		error = open_queues(tuns, count);
	}
	return error < 0 ? report(device, error) : MV_EXIT_DONE;
}

enum mv_exit mv_tuns_adopt(struct mv_tun *tuns, size_t *count, int fd)
{
	int error = mv_tun_adopt(&tuns[0], fd);

	if (error < 0) {
		close(fd);
		return mv_command_failed("the inherited descriptor %d (WG_TUN_FD, --tun-fd) is no "
					 "TUN device of this network namespace: %s",
			fd, strerror(-error));
	}
	if (*count > 1) {
		open_further_queues(tuns, count);
	}
	return MV_EXIT_DONE;
}

enum mv_exit mv_tuns_prepare_link(const struct mv_tun *tun, struct mv_netlink *netlink)
{
	const struct mv_host_step list[] = {
		{.kind = MV_HOST_NO_LINK_LOCAL}, {.kind = MV_HOST_MTU, .number = MTU_DEFAULT}};
	const struct mv_host_steps steps = {(struct mv_host_step *)list, 2};
	const struct mv_host_step *failed;

	int error = mv_netlink_apply(netlink, tun->ifindex, &steps, &failed);
	return error < 0 ? mv_command_failed(
				   "cannot set the MTU of %s: %s", tun->name, strerror(-error))
			 : MV_EXIT_DONE;
}
