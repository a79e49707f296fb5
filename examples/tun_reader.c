/*
 * A TUN device is a network card made of software. What programs send to its addresses comes out of
 * a file descriptor, one IP packet a read; what is written to the descriptor arrives as if it had
 * come over a wire. This program opens one, shows every packet, and writes one back. With --seal it
 * writes back the packet itself, encrypted: put UDP around that, and it is a VPN.
 *
 * Read it from the end: main, then run, then the functions that these call. To try it, as root:
 *
 *	tun_reader
 *	udp_sender                  (in a second terminal)
 *	tcpdump -ni tun0 -X         (in a third)
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/now.h"
#include "edge/hoststate.h"
#include "edge/netlink.h"
#include "edge/tun.h"
#include "packet.h"
#include "sealed.h"

static const char usage[] =
	"Usage: tun_reader [--device NAME] [--count N] [--seal --key FILE]\n"
	"       tun_reader --open --key FILE < HEX\n"
	"\n"
	"Opens a TUN device with the address 10.0.0.1 and routes to 10.0.0.2 and 192.168.6.1,\n"
	"prints each packet that comes out, and answers it by an ICMP echo request from 10.0.0.1\n"
	"to 14.0.0.2. Needs CAP_NET_ADMIN: run it as root.\n"
	"\n"
	"  --device NAME  the name of the device, if not tun0\n"
	"  --count N      end after N packets, if not by SIGINT or SIGTERM\n"
	"  --seal         write each packet back sealed by ChaCha20-Poly1305, as the payload of a\n"
	"                 packet of protocol 253 from 14.0.0.2 to 10.0.0.1; print that one too\n"
	"  --open         no device: read sealed packets from standard input, as hex digits with\n"
	"                 blanks and line ends anywhere (the rows that --seal prints, or those of\n"
	"                 `tcpdump -x` without their offsets), and print what was sealed\n"
	"  --key FILE     the key for both, as `minivpn genkey` makes it\n"
	"  --help         this text\n";

enum mode {
	MODE_ANSWER,
	MODE_SEAL,
	MODE_OPEN,
};

struct options {
	enum mode mode;
	const char *device;
	const char *key_file;
	uint64_t count;
};

struct reader {
	struct mv_tun tun;
	int signals; /* readable when the program shall end */
	bool seal;
	uint8_t key[MV_AEAD_KEY_LEN];
	uint64_t counter;  /* of the next packet that is sealed */
	uint16_t sequence; /* of the next echo request */
};

static int complain(const char *cannot, const char *device, int err)
{
	fprintf(stderr, "tun_reader: cannot %s %s: %s\n", cannot, device, strerror(-err));
	return EXIT_FAILURE;
}

/* --- A device that the kernel sends packets to --- */

/* What `ip address add`, `ip link set up` and `ip route add` would do, through rtnetlink. */
static int set_up_device(int ifindex)
{
	struct mv_prefix address = {{MV_FAMILY_IPV4, {10, 0, 0, 1}}, 32};
	struct mv_route routes[] = {
		{{{MV_FAMILY_IPV4, {10, 0, 0, 2}}, 32}, MV_ROUTE_TABLE_MAIN},
		{{{MV_FAMILY_IPV4, {192, 168, 6, 1}}, 32}, MV_ROUTE_TABLE_MAIN},
	};
	struct mv_hoststate wanted = {
		.link_up = true,
		.addresses = &address,
		.address_count = 1,
		.routes = routes,
		.route_count = 2,
	};
	const struct mv_host_step *failed;
	struct mv_netlink *netlink;
	struct mv_host_steps steps;
	int err;

	err = mv_hoststate_diff(&steps, NULL, &wanted);
	if (err) {
		return err;
	}
	err = mv_netlink_open(&netlink);
	if (err) {
		goto out;
	}
	err = mv_netlink_apply(netlink, ifindex, &steps, &failed);
	mv_netlink_close(netlink);
out:
	mv_host_steps_uninit(&steps);
	return err;
}

/* The device is there as long as its descriptor is open: there is nothing to clean up. */
static int open_device(struct mv_tun *tun, const char *name)
{
	int err = mv_tun_open(tun, name, MV_TUN_PLAIN);

	if (err) {
		return err;
	}
	err = set_up_device(tun->ifindex);
	if (err) {
		mv_tun_close(tun);
	}
	return err;
}

/* --- One packet --- */

static int write_back(struct reader *reader, const uint8_t *packet, size_t len)
{
	uint8_t answer[PACKET_MAX];
	size_t answer_len = ECHO_REQUEST_LEN;

	if (reader->seal) {
		answer_len = put_sealed(answer, packet, len, reader->key, reader->counter++);
	} else {
		put_echo_request(answer, reader->sequence++);
	}

	int err = mv_tun_write(&reader->tun, answer, answer_len);
	if (err < 0) {
		return err;
	}
	if (reader->seal) {
		printf("Wrote %zu bytes to %s\n", answer_len, reader->tun.name);
		print_rows(answer, answer_len);
	}
	return 0;
}

static int pass_packet(struct reader *reader)
{
	uint8_t packet[PACKET_MAX - SEALED_OVERHEAD];
	ssize_t len = mv_tun_read(&reader->tun, packet, sizeof(packet));

	if (len < 0) {
		return (int)len;
	}
	printf("Read %zd bytes from %s\n", len, reader->tun.name);
	print_rows(packet, (size_t)len);
	return write_back(reader, packet, (size_t)len);
}

/* --- All packets --- */

/* Signals as a descriptor, so that one poll waits for both, and none can come in between. */
static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		return -errno;
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* 0 after `count` packets, or on a signal; -errno. */
static int pass_packets(struct reader *reader, uint64_t count)
{
	struct pollfd wait[2] = {
		{.fd = reader->tun.fd, .events = POLLIN},
		{.fd = reader->signals, .events = POLLIN},
	};

	while (count > 0) {
		int err;

		if (poll(wait, 2, -1) < 0) {
			return -errno;
		}
		if (wait[1].revents != 0) {
			return 0;
		}
		err = pass_packet(reader);
		if (err && err != -EAGAIN) {
			return err;
		}
		if (!err) {
			count--;
		}
	}
	return 0;
}

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * MV_NS_PER_S + (uint64_t)now.tv_nsec;
}

/*
 * The key in the file serves for many runs, and no counter may come twice with one key, so it does
 * not start at 0 but at the time. A real tunnel agrees on a fresh key each time, and starts at 0.
 */
static int run_device(struct reader *reader, const struct options *options)
{
	const char *device = options->device;
	int err;

	reader->counter = wall_clock_ns();
	reader->signals = open_signals();
	if (reader->signals < 0) {
		return complain("wait for signals on", device, reader->signals);
	}
	err = open_device(&reader->tun, device);
	if (err) {
		close(reader->signals);
		return complain("set up", device, err);
	}
	err = pass_packets(reader, options->count);
	mv_tun_close(&reader->tun);
	close(reader->signals);
	return err ? complain("go on with", device, err) : EXIT_SUCCESS;
}

/* --- The command line --- */

static void refuse_usage(void)
{
	fputs(usage, stderr);
	exit(2);
}

static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"count", required_argument, NULL, 'c'},
		{"device", required_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{"key", required_argument, NULL, 'k'},
		{"open", no_argument, NULL, 'o'},
		{"seal", no_argument, NULL, 's'},
		{0},
	};
	int name;

	*options = (struct options){.device = "tun0", .count = UINT64_MAX};
	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (name == 'd') {
			options->device = optarg;
		} else if (name == 'k') {
			options->key_file = optarg;
		} else if (name == 'o') {
			options->mode = MODE_OPEN;
		} else if (name == 's') {
			options->mode = MODE_SEAL;
		} else if (name == 'h') {
			exit(fputs(usage, stdout) < 0);
		} else if (name != 'c' || !mv_decimal_parse(&options->count, optarg, UINT64_MAX)) {
			refuse_usage();
		}
	}
	if (optind < argc || (options->mode == MODE_ANSWER) != (options->key_file == NULL)) {
		refuse_usage();
	}
}

static int run(const struct options *options)
{
	struct reader reader = {.seal = options->mode == MODE_SEAL};
	int exit_code = EXIT_FAILURE;

	if (!options->key_file || load_key(reader.key, options->key_file)) {
		exit_code = options->mode == MODE_OPEN ? open_hex(reader.key)
						       : run_device(&reader, options);
	}
	sodium_memzero(reader.key, sizeof(reader.key));
	return exit_code;
}

int main(int argc, char **argv)
{
	struct options options;

	if (sodium_init() < 0) {
		return EXIT_FAILURE;
	}
	setlinebuf(stdout); /* each row at once, also into a pipe */
	parse_options(&options, argc, argv);
	return run(&options);
}
