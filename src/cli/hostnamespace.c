#include "cli/hostnamespace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edge/netns.h"

static bool is_here(uint64_t number)
{
	int own = mv_netns_open(NULL);
	bool is_same = own >= 0 && mv_netns_number(own) == number;

	if (own >= 0) {
		close(own);
	}
	return is_same;
}

/* What asks and changes has to be of the namespace. */
static int move(struct mv_host *host, int fd)
{
	struct mv_netlink *netlink;
	int error = mv_netns_enter(fd);

	if (error == 0) {
		error = mv_netlink_open(&netlink);
	}
	if (error != 0) {
		return error;
	}
	mv_netlink_close(host->netlink);
	host->netlink = netlink;
	return 0;
}

static enum mv_exit give_up(struct mv_host *host)
{
	const char *name = host->record.namespace;

	host->has_lost_namespace = true;
	fprintf(stderr,
		"minivpn: %s: the network namespace %s is gone, and what was set up in it; the "
		"commands of the peer file are not run\n",
		host->device, name ? name : "that it was set up in");
	return MV_EXIT_DONE;
}

/* By its name, or else through a program that is in it: another one may have been made by the same
 * name since, and who called `up` where he was gave no name. */
static int open_place(const struct mv_hostrecord *record)
{
	int fd = record->namespace ? mv_netns_open(record->namespace) : -ENOENT;

	if (fd >= 0 && mv_netns_number(fd) == record->namespace_number) {
		return fd;
	}
	if (fd >= 0) {
		close(fd);
	}
	return fd >= 0 || fd == -ENOENT || fd == -EINVAL ? mv_netns_find(record->namespace_number)
							 : fd;
}

static enum mv_exit report(const struct mv_host *host, int error)
{
	const char *name = host->record.namespace;

	return mv_command_failed("%s: cannot enter the network namespace %s: %s%s", host->device,
		name ? name : "that it was set up in", strerror(-error),
		error == -EPERM ? "; call minivpn as root" : "");
}

enum mv_exit mv_hostnamespace_enter(struct mv_host *host)
{
	const struct mv_hostrecord *record = &host->record;

	if (!host->has_record || record->namespace_number == 0 ||
		is_here(record->namespace_number)) {
		return MV_EXIT_DONE;
	}
	int fd = open_place(record);
	if (fd == -ENOENT) {
		/* Who may not look into it cannot know. */
		return geteuid() == 0 ? give_up(host) : report(host, -EPERM);
	}
	int error = fd < 0 ? fd : move(host, fd);
	if (fd >= 0) {
		close(fd);
	}
	return error < 0 ? report(host, error) : MV_EXIT_DONE;
}
