#include "cli/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/hostplan.h"
#include "cli/provider.h"
#include "cli/restore.h"
#include "cli/summary.h"
#include "cli/watch.h"
#include "control/uapi_client.h"
#include "control/uapi_socket.h"
#include "edge/clock.h"
#include "edge/loop.h"
#include "edge/netlink.h"
#include "edge/sandbox.h"

struct session {
	struct mv_config *config; /* NULL once everything in it has gone where it belongs */
	char device[MV_DEVICE_NAME_MAX];
	struct mv_sink sink;
	struct mv_log log;
	struct mv_loop_config io;
	struct mv_loop *loop;
	struct mv_uapi_socket *control;
	int ifindex;
};

/* What came of it, for people: where the tunnel is and whom it reaches. */
static void print_summary(const struct session *session)
{
	struct mv_snapshot *snapshot = mv_loop_snapshot(session->loop);

	if (snapshot) {
		mv_summary_print(session->config, snapshot);
		mv_snapshot_destroy(snapshot);
	}
}

/* The steps, in their order. Each prints why it failed. */

static bool is_up(const char *device)
{
	int connection = mv_uapi_client_connect(device);

	if (connection >= 0) {
		close(connection);
	}
	return connection >= 0;
}

/* A queue a lane. */
static int open_queues(struct session *session)
{
	struct mv_loop_config *io = &session->io;
	int flags = (session->config->without_offload ? MV_TUN_PLAIN : MV_TUN_OFFLOAD) |
		    (io->lanes > 1 ? MV_TUN_MANY_QUEUES : 0);
	int error = mv_tun_open(&io->tuns[0], session->device, flags);

	for (size_t i = 1; error == 0 && i < io->lanes; i++) {
		error = mv_tun_open_queue(&io->tuns[i], &io->tuns[0]);
	}
	return error;
}

static enum mv_exit open_tun(struct session *session)
{
	const char *name = session->device;
	int error = open_queues(session);

	switch (-error) {
	case 0:
		session->ifindex = session->io.tuns[0].ifindex;
		return MV_EXIT_DONE;
	case EBUSY:
	case EEXIST:
		if (is_up(name)) {
			return mv_command_failed("%s is up already: 'minivpn status %s' shows it, "
						 "'minivpn down %s' ends it",
				name, name, name);
		}
		return mv_command_failed("the device name '%s' is taken; choose another with "
					 "'Device = NAME' in [Interface]",
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

/* Sockets a lane, all on one port. */
static int open_sockets(struct session *session)
{
	struct mv_loop_config *io = &session->io;
	int error = mv_udp_open(&io->udps[0], session->config->listen_port);

	for (size_t i = 1; error == 0 && i < io->lanes; i++) {
		error = mv_udp_open_more(&io->udps[i], &io->udps[0]);
	}
	for (size_t i = 0; !session->config->without_offload && i < io->lanes; i++) {
		mv_udp_offload(&io->udps[i]);
	}
	return error;
}

static enum mv_exit open_udp(struct session *session)
{
	uint16_t port = session->config->listen_port;
	int error = open_sockets(session);

	switch (-error) {
	case 0:
		return MV_EXIT_DONE;
	case EADDRINUSE:
		return mv_command_failed(
			"UDP port %u is in use, perhaps by another tunnel ('minivpn status' "
			"lists them); choose another "
			"with 'ListenPort = PORT' in [Interface]",
			port);
	default:
		return mv_command_failed("cannot open UDP port %u: %s", port, strerror(-error));
	}
}

static enum mv_exit choose_aead(struct session *session)
{
	return mv_provider_choose(&session->io.aead, &session->log);
}

static enum mv_exit drop_privileges(struct session *session)
{
	int error = mv_sandbox_drop_capabilities();

	(void)session;
	return error < 0 ? mv_command_failed("cannot give up privileges: %s", strerror(-error))
			 : MV_EXIT_DONE;
}

static void own_no_descriptors(struct mv_loop_config *io)
{
	for (size_t i = 0; i < MV_LANES_MAX; i++) {
		io->tuns[i].fd = io->udps[i].fd4 = io->udps[i].fd6 = -1;
	}
}

static enum mv_exit create_loop(struct session *session)
{
	int error = mv_loop_create(&session->loop, &session->io);

	/* The descriptors are the loop's now, whatever came of it. */
	own_no_descriptors(&session->io);
	return error < 0 ? mv_command_failed("cannot start: %s", strerror(-error)) : MV_EXIT_DONE;
}

static void restore_timestamps(struct session *session)
{
	uint8_t public_key[MV_KEY_LEN];

	mv_x25519_public(public_key, session->config->private_key);
	mv_restore_timestamps(mv_loop_device(session->loop), session->io.record_folder, public_key,
		&session->log);
}

static enum mv_exit configure_device(struct session *session)
{
	struct mv_changes changes;

	mv_changes_init(&changes);
	int error = mv_config_changes(session->config, &changes);
	if (error == 0) {
		error = mv_device_apply(mv_loop_device(session->loop), &changes, mv_clock_sample());
	}
	mv_changes_uninit(&changes);
	if (error < 0) {
		return mv_command_failed("cannot configure the device: %s", strerror(-error));
	}
	if (mv_device_memory_is_unlocked(mv_loop_device(session->loop))) {
		mv_log(&session->log, MV_LOG_WARNING,
			"the system does not let keys be locked in memory; swap may get to see "
			"them");
	}
	restore_timestamps(session);
	return MV_EXIT_DONE;
}

static struct mv_snapshot *take_snapshot(void *ctx)
{
	const struct session *session = ctx;

	return mv_loop_snapshot(session->loop);
}

static void on_socket_removed(void *ctx)
{
	const struct session *session = ctx;

	mv_loop_stop(session->loop);
}

static enum mv_exit open_control(struct session *session)
{
	const char *name = session->device;
	struct mv_uapi_host host = {
		.ctx = session, .snapshot = take_snapshot, .removed = on_socket_removed};
	int fd;

	int error = mv_uapi_socket_bind(&fd, name);
	if (error == -EADDRINUSE) {
		return mv_command_failed(
			"the control socket of a device '%s' is served by another program; choose "
			"another name with 'Device = NAME' in [Interface]",
			name);
	}
	if (error == 0) {
		error = mv_uapi_socket_open(
			&session->control, mv_loop_uv(session->loop), fd, name, &host);
	}
	return error < 0 ? mv_command_failed("cannot make the control socket in " MV_UAPI_DIRECTORY
					     ": %s",
				   strerror(-error))
			 : MV_EXIT_DONE;
}

static enum mv_exit apply_steps(struct session *session, const struct mv_host_steps *steps)
{
	const struct mv_host_step *failed = NULL;
	struct mv_netlink *netlink;

	int error = mv_netlink_open(&netlink);
	if (error < 0) {
		return mv_command_failed(
			"cannot talk to the kernel by netlink: %s", strerror(-error));
	}
	error = mv_netlink_apply(netlink, session->ifindex, steps, &failed);
	mv_netlink_close(netlink);
	if (error == 0) {
		return MV_EXIT_DONE;
	}
	char step[MV_STEP_TEXT_MAX];
	bool is_taken = error == -EEXIST && failed->kind == MV_HOST_ROUTE_ADD;
	return mv_command_failed("%s: cannot %s: %s", session->device,
		mv_hostplan_step_text(step, failed),
		is_taken ? "another device has that route already, see 'ip route'"
			 : strerror(-error));
}

static enum mv_exit configure_host(struct session *session)
{
	struct mv_hoststate state;
	struct mv_host_steps steps;
	enum mv_exit result = MV_EXIT_FAILED;

	int error = mv_hostplan_init(&state, session->config);
	if (error == 0) {
		error = mv_hoststate_diff(&steps, NULL, &state);
	}
	if (error < 0) {
		mv_command_failed("no memory");
	} else {
		result = apply_steps(session, &steps);
		mv_host_steps_uninit(&steps);
	}
	mv_hostplan_uninit(&state);
	return result;
}

static enum mv_exit start_loop(struct session *session)
{
	int error = mv_loop_start(session->loop);

	return error < 0 ? mv_command_failed("cannot start: %s", strerror(-error)) : MV_EXIT_DONE;
}

static enum mv_exit resolve_names(struct session *session)
{
	for (size_t i = 0; i < session->config->peer_count; i++) {
		const struct mv_config_peer *peer = &session->config->peers[i];

		if (peer->endpoint_host && mv_loop_resolve(session->loop, peer->public_key,
						   peer->endpoint_host, peer->endpoint_port) < 0) {
			return mv_command_failed("no memory");
		}
	}
	return MV_EXIT_DONE;
}

/*
 * Descriptors first, then no more privileges, then everything else. No thread runs before the loop
 * starts. The control socket comes late, since who sees it takes the device for ready.
 */
static enum mv_exit set_up(struct session *session)
{
	static enum mv_exit (*const steps[])(struct session *) = {
		choose_aead,
		open_tun,
		open_udp,
		drop_privileges,
		create_loop,
		configure_device,
		configure_host,
		open_control,
		start_loop,
		resolve_names,
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
	bool is_closed = mv_loop_destroy(session->loop);

	for (size_t i = 0; i < session->io.lanes; i++) {
		mv_udp_close(&session->io.udps[i]);
		mv_tun_close(&session->io.tuns[i]);
	}
	if (!is_closed) {
		/* A thread still waits for DNS. All keys are wiped, and nobody should wait for it.
		 */
		fflush(NULL);
		_exit((int)result);
	}
}

enum mv_exit mv_session_run(struct mv_config *config, const struct mv_session_options *options,
	struct mv_daemon *daemon)
{
	struct session session = {
		.config = config, .io.lanes = config->lanes > 0 ? config->lanes : 1};

	own_no_descriptors(&session.io);
	session.log = mv_sink_log(&session.sink, options->verbose ? MV_LOG_DEBUG : MV_LOG_INFO);
	session.io.log = session.log;
	memcpy(session.device, config->device, sizeof(session.device));
	session.io.record_folder = MV_RECORD_FOLDER;
	if (options->dump) {
		session.io.watch = mv_watch_dump;
		session.io.watch_ctx = session.device;
	}

	enum mv_exit result = set_up(&session);
	if (result == MV_EXIT_DONE) {
		print_summary(&session);
		fflush(stdout); /* Who reads a file or a pipe wants to know it now. */
		forget_config(&session);
		if (daemon) {
			session.sink.to_syslog = true;
			mv_daemon_detach(daemon);
		}
		mv_loop_run(session.loop);
	}
	tear_down(&session, result);
	return result;
}
