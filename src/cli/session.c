#include "cli/session.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/hangup.h"
#include "cli/keywatch.h"
#include "cli/provider.h"
#include "cli/restore.h"
#include "cli/sink.h"
#include "cli/tuns.h"
#include "cli/watch.h"
#include "control/folder.h"
#include "control/uapi_socket.h"
#include "edge/loop.h"
#include "edge/netlink.h"
#include "edge/netns.h"
#include "edge/sandbox.h"

struct session {
	const struct mv_session_options *options;
	struct mv_config *config; /* NULL once everything in it has gone where it belongs */
	char device[MV_DEVICE_NAME_MAX];
	uint8_t public_key[MV_KEY_LEN]; /* of the identity; all zero: there is none */
	struct mv_sink sink;
	struct mv_log log;
	struct mv_loop_config io;
	struct mv_loop *loop;
	struct mv_keywatch *keys; /* in files that may change */
	struct mv_uapi_socket *control;
	struct mv_hangup hangup;
	int ifindex;
	bool is_prepared; /* the device was there before */
	char record_folder[MV_FOLDER_STATE_MAX];
	bool has_warned; /* of keys in memory that is not locked */
};

/* The steps, in their order. Each prints why it failed. */

static enum mv_exit open_tun(struct session *session)
{
	struct mv_loop_config *io = &session->io;
	int fd = session->options->tun_fd;
	int flags = (io->offload ? MV_TUN_OFFLOAD : MV_TUN_PLAIN) |
		    (io->lanes > 1 ? MV_TUN_MANY_QUEUES : 0);
	enum mv_exit result = fd >= 0 ? mv_tuns_adopt(io->tuns, &io->lanes, fd)
				      : mv_tuns_open(io->tuns, &io->lanes, session->device, flags,
						&session->is_prepared);

	if (result == MV_EXIT_DONE) {
		session->ifindex = io->tuns[0].ifindex;
		memcpy(session->device, io->tuns[0].name, sizeof(session->device));
	}
	return result;
}

static enum mv_exit open_udp(struct session *session)
{
	struct mv_loop_config *io = &session->io;
	uint16_t port = io->wanted_port;
	int error = mv_udp_open_lanes(io->udps, io->lanes, port, io->offload);

	switch (-error) {
	case 0:
		return MV_EXIT_DONE;
	case EADDRINUSE:
		return mv_command_failed(
			"UDP port %u is in use, perhaps by another tunnel ('minivpn status' "
			"lists them); choose another "
			"with 'ListenPort = PORT' in [Interface]",
			port);
	case EACCES:
		return mv_command_failed("UDP port %u needs the privilege CAP_NET_BIND_SERVICE; "
					 "choose one from 1024 on with 'ListenPort = PORT' in "
					 "[Interface]",
			port);
	default:
		return mv_command_failed("cannot open UDP port %u: %s", port, strerror(-error));
	}
}

/* Without it, a device that moves to another namespace is taken to be up. */
static enum mv_exit open_monitor(struct session *session)
{
	int error = mv_netlink_monitor_open(&session->io.monitor);

	if (error == 0) {
		error = mv_netlink_open(&session->io.requests);
	}
	return error < 0 ? mv_command_failed(
				   "cannot talk to the kernel by netlink: %s", strerror(-error))
			 : MV_EXIT_DONE;
}

/* From here on for good: sockets that are opened later, names that are looked up, and routes that
 * change are of the network on which sealed packets travel. */
static enum mv_exit enter_network_of_sockets(struct session *session)
{
	int fd = session->options->socket_namespace;

	if (fd < 0) {
		return MV_EXIT_DONE;
	}
	int error = mv_netns_enter(fd);
	close(fd);
	return error < 0
		       ? mv_command_failed("cannot enter the network namespace of the sockets: %s",
				 strerror(-error))
		       : MV_EXIT_DONE;
}

static enum mv_exit choose_aead(struct session *session)
{
	return mv_provider_choose(&session->io.aead, &session->log);
}

static enum mv_exit drop_privileges(struct session *session)
{
	int error = mv_sandbox_drop_capabilities(session->options->reloads);

	return error < 0 ? mv_command_failed("cannot give up privileges: %s", strerror(-error))
			 : MV_EXIT_DONE;
}

static void own_nothing(struct mv_loop_config *io)
{
	io->monitor = io->requests = NULL;
	for (size_t i = 0; i < MV_LANES_MAX; i++) {
		io->tuns[i].fd = io->udps[i].fd4 = io->udps[i].fd6 = -1;
	}
}

static enum mv_exit create_loop(struct session *session)
{
	int error = mv_loop_create(&session->loop, &session->io);

	/* The descriptors are the loop's now, whatever came of it. */
	own_nothing(&session->io);
	if (error == 0) {
		error = mv_keywatch_create(&session->keys, session->loop, &session->log);
	}
	return error < 0 ? mv_command_failed("cannot start: %s", strerror(-error)) : MV_EXIT_DONE;
}

/* What peers have seen of this identity; those that are new to the device may have, too. */
static void restore_timestamps(struct session *session, const struct mv_changes *changes)
{
	const struct mv_change *identity = mv_changes_last(changes, MV_CHANGE_PRIVATE_KEY);
	struct mv_device *device = mv_loop_device(session->loop);
	uint8_t public_key[MV_KEY_LEN] = {0};
	bool is_new = false;

	if (identity && !sodium_is_zero(identity->key, MV_KEY_LEN)) {
		mv_x25519_public(public_key, identity->key);
		is_new = memcmp(public_key, session->public_key, MV_KEY_LEN) != 0;
	}
	if (identity) {
		memcpy(session->public_key, public_key, MV_KEY_LEN);
	}
	if (is_new) {
		mv_restore_timestamps(
			device, session->io.record_folder, session->public_key, &session->log);
	} else if (mv_changes_last(changes, MV_CHANGE_PEER)) {
		mv_restore_new_peers(device, session->io.record_folder, session->public_key);
	}
}

/* The memory for keys grows with the peers. */
static void warn_of_unlocked_memory(struct session *session)
{
	if (!session->has_warned && mv_device_memory_is_unlocked(mv_loop_device(session->loop))) {
		session->has_warned = true;
		mv_log(&session->log, MV_LOG_WARNING,
			"the system does not let keys be locked in memory; swap may get to see "
			"them");
	}
}

static int apply(struct session *session, const struct mv_changes *changes)
{
	int error = mv_loop_apply(session->loop, changes);

	if (error == 0) {
		restore_timestamps(session, changes);
		mv_keywatch_follow(session->keys, changes);
		warn_of_unlocked_memory(session);
	}
	return error;
}

static enum mv_exit configure_device(struct session *session)
{
	struct mv_changes changes;

	if (!session->config) {
		return MV_EXIT_DONE;
	}
	mv_changes_init(&changes);
	int error = mv_config_changes(session->config, &changes);
	if (error == 0) {
		error = apply(session, &changes);
	}
	mv_changes_uninit(&changes);
	return error < 0 ? mv_command_failed("cannot configure the device: %s", strerror(-error))
			 : MV_EXIT_DONE;
}

/* A device that was handed over or prepared belongs to somebody who knows what it should be. */
static enum mv_exit prepare_link(struct session *session)
{
	return session->options->tun_fd >= 0 || session->is_prepared
		       ? MV_EXIT_DONE
		       : mv_tuns_prepare_link(&session->io.tuns[0], session->io.requests);
}

static struct mv_snapshot *take_snapshot(void *ctx)
{
	const struct session *session = ctx;

	struct mv_snapshot *snapshot = mv_loop_snapshot(session->loop);

	if (snapshot) {
		mv_keywatch_complete(session->keys, snapshot);
	}
	return snapshot;
}

static void on_socket_removed(void *ctx)
{
	const struct session *session = ctx;

	mv_loop_stop(session->loop);
}

static int on_set(void *ctx, const struct mv_changes *changes)
{
	return apply(ctx, changes);
}

static enum mv_exit open_control(struct session *session)
{
	const char *name = session->device;
	struct mv_uapi_host host = {.ctx = session,
		.snapshot = take_snapshot,
		.removed = on_socket_removed,
		.apply = on_set};
	int fd = session->options->control_fd;

	int error = fd >= 0 ? 0 : mv_uapi_socket_bind(&fd, name);
	if (error == -EADDRINUSE) {
		return mv_command_failed(
			"the control socket of a device '%s' is served by another program; choose "
			"another name (in a peer file by 'Device = NAME')",
			name);
	}
	if (error < 0 && session->options->may_lack_control) {
		mv_log(&session->log, MV_LOG_WARNING,
			"%s has no control socket (%s), so 'minivpn status' and 'minivpn down' do "
			"not find it; set XDG_RUNTIME_DIR to a folder that is yours",
			name, strerror(-error));
		return MV_EXIT_DONE;
	}
	if (error == 0) {
		error = mv_uapi_socket_open(
			&session->control, mv_loop_uv(session->loop), fd, &host);
	}
	return error < 0 ? mv_command_failed("cannot make the control socket in " MV_UAPI_DIRECTORY
					     ": %s",
				   strerror(-error))
			 : MV_EXIT_DONE;
}

static enum mv_exit start_loop(struct session *session)
{
	int error = mv_loop_start(session->loop);

	return error < 0 ? mv_command_failed("cannot start: %s", strerror(-error)) : MV_EXIT_DONE;
}

static enum mv_exit heed_hangups(struct session *session)
{
	int error = session->options->reloads
			    ? mv_hangup_start(&session->hangup, mv_loop_uv(session->loop),
				      session->device, &session->log)
			    : 0;

	return error < 0 ? mv_command_failed("cannot heed SIGHUP: %s", strerror(-error))
			 : MV_EXIT_DONE;
}

/*
 * Descriptors first, those of the device's network before those of the sockets', then no more
 * privileges, then everything else. No thread runs before the loop starts. The control socket comes
 * late, since who sees it takes the device for ready.
 */
static enum mv_exit set_up(struct session *session)
{
	static enum mv_exit (*const steps[])(struct session *) = {
		choose_aead,
		open_tun,
		open_monitor,
		prepare_link,
		enter_network_of_sockets,
		open_udp,
		drop_privileges,
		create_loop,
		configure_device,
		open_control,
		start_loop,
		heed_hangups,
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum mv_exit result = steps[i](session);

		if (result != MV_EXIT_DONE) {
			return result;
		}
	}
	return MV_EXIT_DONE;
}

/* The device has its own copy of the keys; this one is wiped. */
static void forget_config(struct session *session)
{
	mv_config_destroy(session->config);
	session->config = NULL;
}

/* In the reverse order; what was never opened is no trouble. */
static void tear_down(struct session *session, enum mv_exit result)
{
	forget_config(session);
	mv_uapi_socket_close(session->control);
	mv_keywatch_close(session->keys);
	bool is_closed = mv_loop_destroy(session->loop);

	mv_udp_close_lanes(session->io.udps, session->io.lanes);
	for (size_t i = 0; i < session->io.lanes; i++) {
		mv_tun_close(&session->io.tuns[i]);
	}
	mv_netlink_close(session->io.monitor);
	mv_netlink_close(session->io.requests);
	if (!is_closed) {
		/* A thread still waits for DNS. All keys are wiped, and nobody should wait for it.
		 */
		fflush(NULL);
		_exit((int)result);
	}
}

static void describe_io(struct session *session)
{
	const struct mv_config *config = session->config;
	struct mv_loop_config *io = &session->io;

	own_nothing(io);
	io->lanes = config && config->lanes > 0 ? config->lanes : 1;
	io->offload = !config || !config->without_offload;
	io->wanted_port = config ? config->listen_port : 0;
	io->log = session->log;
	io->record_folder = mv_folder_state(session->record_folder, MV_RECORD_FOLDER);
	if (session->options->dump) {
		io->watch = mv_watch_dump;
		io->watch_ctx = session->device;
	}
}

enum mv_exit mv_session_run(const struct mv_session_options *options, struct mv_daemon *daemon)
{
	struct session session = {.options = options, .config = options->config};

	if (!options->is_silent) {
		session.log = mv_sink_log(&session.sink, options->level);
	}
	snprintf(session.device, sizeof(session.device), "%s", options->device);
	describe_io(&session);

	enum mv_exit result = set_up(&session);
	if (result == MV_EXIT_DONE) {
		forget_config(&session);
		if (daemon) {
			session.sink.to_syslog = mv_daemon_detach(daemon);
		}
		mv_loop_run(session.loop);
	}
	tear_down(&session, result);
	return result;
}
