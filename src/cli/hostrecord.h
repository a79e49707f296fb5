/*
 * What `up` did to this machine, as a file: /run/minivpn/DEVICE. It is written before anything that
 * outlives the device is done, so `down` can undo it whatever became of the tunnel's process and of
 * the peer file, and so can the next `up` of the device. Lines of a word and a value:
 *
 *   file /etc/minivpn/tun0.conf
 *   mark 51820
 *   by_mark 4
 *   src_valid_mark 0
 *   dns tun.tun0
 *   PreDown 12 echo good-bye
 *
 * For `up` and `down`; a value belongs to one thread.
 */
#ifndef MV_CLI_HOSTRECORD_H
#define MV_CLI_HOSTRECORD_H

#include "cli/dns.h"
#include "config/config.h"
#include "edge/hoststate.h"

struct mv_hostrecord {
	struct mv_hoststate state; /* what lies beside the device, see mv_hoststate_beside_device */
	char *file;                /* the peer file, its whole path */
	char dns_name[MV_DNS_NAME_MAX];
	bool saves_config;
	struct mv_config_hooks pre_down, post_down;
};

/* What the file asks for, but for the state. 0 or -errno; to be given to mv_hostrecord_uninit in
 * any case. */
int mv_hostrecord_init(
	struct mv_hostrecord *record, const char *file, const struct mv_config *config);
void mv_hostrecord_uninit(struct mv_hostrecord *record);

/* -ENOENT: there is none. -EBADMSG: it is not as minivpn wrote it. Other -errno. */
int mv_hostrecord_read(struct mv_hostrecord *record, const char *device);

bool mv_hostrecord_exists(const char *device);

/* Whether another device than this one needs net.ipv4.conf.all.src_valid_mark, and had it set. */
bool mv_hostrecord_others_set_src_valid_mark(const char *device);

/* In one step: the old file or the new one is there. -errno. */
int mv_hostrecord_write(const struct mv_hostrecord *record, const char *device);
void mv_hostrecord_remove(const char *device);

/*
 * Whoever brings a device up or down holds its lock meanwhile: a descriptor, to be closed. Waits
 * ten seconds for it: -EAGAIN. Other -errno.
 */
int mv_hostrecord_lock(const char *device);

#endif
