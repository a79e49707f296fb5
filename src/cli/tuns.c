#include "cli/tuns.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/device_status.h"

static enum mv_exit report(const char *name, int error)
{
	switch (-error) {
	case EBUSY:
	case EEXIST:
		if (mv_device_is_up(name)) {
			return mv_command_failed("%s is up already: 'minivpn status %s' shows it, "
						 "'minivpn down %s' ends it",
				name, name, name);
		}
		return mv_command_failed("the device name '%s' is taken; choose another (in a "
					 "peer file by 'Device = NAME')",
			name);
	case EPERM:
	case EACCES:
		return mv_command_failed(
			"no permission to create the device %s: run minivpn as root", name);
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return mv_command_failed("there is no /dev/net/tun: load the module by 'modprobe "
					 "tun', or give the container that device");
	default:
		return mv_command_failed("cannot create the device %s: %s", name, strerror(-error));
	}
}

enum mv_exit mv_tuns_open(struct mv_tun *tuns, size_t count, const char *device, int flags)
{
	int error = mv_tun_open(&tuns[0], device, flags);

	for (size_t i = 1; error == 0 && i < count; i++) {
		error = mv_tun_open_queue(&tuns[i], &tuns[0]);
	}
	return error < 0 ? report(device, error) : MV_EXIT_DONE;
}

enum mv_exit mv_tuns_adopt(struct mv_tun *tun, int fd)
{
	int error = mv_tun_adopt(tun, fd);

	if (error == 0) {
		return MV_EXIT_DONE;
	}
	close(fd);
	return mv_command_failed("descriptor %d, of WG_TUN_FD, is no TUN device of this network "
				 "namespace: %s",
		fd, strerror(-error));
}
