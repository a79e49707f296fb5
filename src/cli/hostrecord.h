/*
 * What `up` does to this machine, as a file: /run/minivpn/DEVICE. A line is written before anything
 * is done that outlives the device, so `down` can undo it whatever became of the tunnel's process
 * and of the peer file, and so can the next `up` of the device, and `reload` knows what there is to
 * be changed:
 *
 *   file /etc/minivpn/tun0.conf
 *   namespace 4026532198 blue
 *   sockets apart
 *   sockets_in green
 *   socket 1234 1764147600123456789
 *   mark 51820
 *   mark_is given
 *   lanes 1
 *   offload on
 *   mtu 1420
 *   address 10.0.0.1/24
 *   route 0.0.0.0/0 51820
 *   dns nameserver 10.0.0.53
 *   did dns tun.tun0
 *   did src_valid_mark
 *   did firewall 4 51820 0
 *   did rule_mark 4 51820 32765
 *   did rule_main 4 51820 32764
 *   PreDown 12 echo good-bye
 *
 * For `up` and `down`; a value belongs to one thread.
 */
#ifndef MV_CLI_HOSTRECORD_H
#define MV_CLI_HOSTRECORD_H

#include "cli/dns.h"
#include "config/config.h"
#include "edge/hoststate.h"

/* DNS and src_valid_mark once; the firewall and two rules for each family, these twice while one
 * mark takes the place of another. */
#define MV_HOSTRECORD_DONE_MAX 12

/* A control socket's file: which tunnel of this name it was. All zero: none yet. */
struct mv_hostrecord_socket {
	uint64_t inode, made_ns;
};

struct mv_hostrecord {
	char *file;      /* the peer file, its whole path */
	char *namespace; /* of the device, as the peer file names it; NULL: that of who called `up`
			  */
	uint64_t namespace_number; /* of the device's in any case; 0: not known */
	bool sockets_are_apart;    /* in another namespace than the device */
	char *socket_namespace;    /* as the peer file names it; NULL: it does not */
	bool saves_config;
	struct mv_config_hooks pre_down, post_down;
	struct mv_hostrecord_socket socket;
	uint32_t mark;      /* that the tunnel has taken for itself; 0: none */
	bool mark_is_given; /* by the file, and not chosen */
	uint32_t lanes;
	bool without_offload;
	struct mv_hoststate state; /* what is wanted on the device: MTU, addresses, routes, DNS */
	char dns_name[MV_DNS_NAME_MAX];
	struct mv_host_step done[MV_HOSTRECORD_DONE_MAX]; /* in their order */
	size_t done_count;
};

/* Of a file and the state that it asks for, with nothing done yet, in the network namespace of the
 * device. 0 or -errno; -EINVAL: a control byte in its path. To be given to mv_hostrecord_uninit in
 * any case. */
int mv_hostrecord_init(struct mv_hostrecord *record, const char *file,
	const struct mv_config *config, const struct mv_hoststate *state);
void mv_hostrecord_uninit(struct mv_hostrecord *record);

/* Makes it the wanted state, or adds addresses and routes of another. 0 or -ENOMEM, which leaves it
 * as it is, or with some of them. */
int mv_hostrecord_set_state(struct mv_hostrecord *record, const struct mv_hoststate *state);
int mv_hostrecord_add_state(struct mv_hostrecord *record, const struct mv_hoststate *state);

/* What it says was done of this kind, for this family, and, with a mark, by it; NULL: nothing. */
struct mv_host_step *mv_hostrecord_find_done(struct mv_hostrecord *record,
	enum mv_host_step_kind kind, enum mv_family family, uint32_t mark);

/* That a device has now. False: it has none. */
bool mv_hostrecord_socket_of(struct mv_hostrecord_socket *socket, const char *device);

/* The record is of the tunnel that has this control socket, and not of an earlier one. */
bool mv_hostrecord_is_of(
	const struct mv_hostrecord *record, const struct mv_hostrecord_socket *socket);

/* -ENOENT: there is none. -EBADMSG: it is not as minivpn wrote it. Other -errno. */
int mv_hostrecord_read(struct mv_hostrecord *record, const char *device);

bool mv_hostrecord_exists(const char *device);

/* Whether the record of another device than this one says that it needs
 * net.ipv4.conf.all.src_valid_mark of the network namespace at hand, and had it set; or that it has
 * taken this mark. */
bool mv_hostrecord_others_set_src_valid_mark(const char *device);
bool mv_hostrecord_others_have_mark(const char *device, uint32_t mark);

/* In one step: the old file or the new one is there. -errno. */
int mv_hostrecord_write(const struct mv_hostrecord *record, const char *device);
void mv_hostrecord_remove(const char *device);

#endif
