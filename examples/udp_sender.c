/*
 * Something for tun_reader to read: two UDP datagrams in turn, one a second, to addresses behind
 * its device. Nobody answers, and UDP does not care. A datagram of 22 bytes is an IP packet of
 * 20 + 8 + 22 = 50 bytes, one of 19 bytes is a packet of 47.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/now.h"

static const char usage[] =
	"Usage: udp_sender [--count N] [--interval MILLISECONDS]\n"
	"\n"
	"Sends a UDP datagram to 10.0.0.2:12345 and one to 192.168.6.1:1234, in turn.\n"
	"\n"
	"  --count N                end after N datagrams; else it goes on for ever\n"
	"  --interval MILLISECONDS  from one to the next, if not 1000\n"
	"  --help                   this text\n";

struct datagram {
	const char *address;
	uint16_t port;
	const char *text;
};

static const struct datagram datagrams[] = {
	{"10.0.0.2", 12345, "Hello, TUN device!!!!!"},
	{"192.168.6.1", 1234, "tun tunt tunt!!!!!!"},
};

struct options {
	uint64_t count;
	uint64_t interval_ms;
};

static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"count", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{"interval", required_argument, NULL, 'i'},
		{0},
	};
	bool ok = true;
	int name;

	*options = (struct options){.count = UINT64_MAX, .interval_ms = 1000};
	while (ok && (name = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (name == 'h') {
			exit(fputs(usage, stdout) < 0);
		} else if (name == 'c') {
			ok = mv_decimal_parse(&options->count, optarg, UINT64_MAX);
		} else {
			ok = name == 'i' &&
			     mv_decimal_parse(&options->interval_ms, optarg, UINT32_MAX);
		}
	}
	if (!ok || optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

static bool send_datagram(int fd, const struct datagram *datagram)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(datagram->port)};
	size_t len = strlen(datagram->text);

	if (inet_pton(AF_INET, datagram->address, &to.sin_addr) != 1) {
		return false;
	}
	if (sendto(fd, datagram->text, len, 0, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		fprintf(stderr, "udp_sender: cannot send to %s: %s\n", datagram->address,
			strerror(errno));
		return false;
	}
	printf("Sent %zu bytes to %s:%u\n", len, datagram->address, (unsigned)datagram->port);
	return true;
}

int main(int argc, char **argv)
{
	struct options options;
	struct timespec interval;
	int fd;

	setlinebuf(stdout);
	parse_options(&options, argc, argv);
	interval = (struct timespec){
		.tv_sec = (time_t)(options.interval_ms / 1000),
		.tv_nsec = (long)(options.interval_ms % 1000 * MV_NS_PER_MS),
	};

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		fprintf(stderr, "udp_sender: no socket: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	for (uint64_t i = 0; i < options.count; i++) {
		if (i > 0) {
			nanosleep(&interval, NULL);
		}
		if (!send_datagram(fd, &datagrams[i % 2])) {
			close(fd);
			return EXIT_FAILURE;
		}
	}
	close(fd);
	return EXIT_SUCCESS;
}
