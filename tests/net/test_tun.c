/*
 * edge/tun on real devices, in a network namespace of its own and with no capability but
 * CAP_NET_ADMIN.
 */
#include "edge/tun.h"

#include "check.h"

#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

static void test_open_makes_a_device_that_goes_with_its_descriptor(void)
{
	struct mv_tun tun;

	CHECK_INT(mv_tun_open(&tun, "tun9"), 0);
	CHECK(strcmp(tun.name, "tun9") == 0);
	CHECK_INT(tun.ifindex, (long)if_nametoindex("tun9"));
	CHECK((fcntl(tun.fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(tun.fd, F_GETFD) & FD_CLOEXEC) != 0);
	mv_tun_close(&tun);
	CHECK_INT(tun.fd, -1);
	CHECK_INT(if_nametoindex("tun9"), 0);
	mv_tun_close(&tun);
}

static void test_open_refuses_a_name_that_is_taken(void)
{
	struct mv_tun first;
	struct mv_tun second;

	CHECK_INT(mv_tun_open(&first, "tun9"), 0);
	CHECK_INT(mv_tun_open(&second, "tun9"), -EBUSY);
	CHECK_INT(second.fd, -1);
	mv_tun_close(&first);
	CHECK_INT(mv_tun_open(&second, "tun9"), 0);
	mv_tun_close(&second);

	run_quietly("ip tuntap add dev tun8 mode tun");
	CHECK_INT(mv_tun_open(&first, "tun8"), -EBUSY);
	run_quietly("ip link del dev tun8");

	CHECK_INT(mv_tun_open(&first, "lo"), -EEXIST);
	run_quietly("ip link add dev veth8 type veth peer name veth9");
	CHECK_INT(mv_tun_open(&first, "veth8"), -EEXIST);
	run_quietly("ip link del dev veth8");
}

static void test_open_refuses_what_is_no_name(void)
{
	struct mv_tun tun;

	CHECK_INT(mv_tun_open(&tun, ""), -EINVAL);
	CHECK_INT(mv_tun_open(&tun, "tun%d"), -EINVAL);
	CHECK_INT(mv_tun_open(&tun, "a/b"), -EINVAL);
	CHECK_INT(mv_tun_open(&tun, "sixteen-letters-"), -ENAMETOOLONG);
	CHECK_INT(mv_tun_open(&tun, "fifteen-letters"), 0);
	mv_tun_close(&tun);
}

static int open_raw(const char *name, int flags)
{
	struct ifreq request = {.ifr_flags = (short)flags};
	int fd = open("/dev/net/tun", O_RDWR);

	CHECK(fd >= 0);
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	CHECK_INT(ioctl(fd, TUNSETIFF, &request), 0);
	return fd;
}

static void test_adopt_takes_a_descriptor_of_our_framing(void)
{
	struct mv_tun tun;
	int fd = open_raw("tun9", IFF_TUN | IFF_NO_PI);

	CHECK_INT(mv_tun_adopt(&tun, fd), 0);
	CHECK_INT(tun.fd, fd);
	CHECK(strcmp(tun.name, "tun9") == 0);
	CHECK_INT(tun.ifindex, (long)if_nametoindex("tun9"));
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	mv_tun_close(&tun);
}

static void check_adopt_refuses(int fd)
{
	struct mv_tun tun;

	CHECK(fd >= 0);
	CHECK_INT(mv_tun_adopt(&tun, fd), -EINVAL);
	CHECK_INT(tun.fd, -1);
	CHECK_INT(close(fd), 0);
}

static void test_adopt_refuses_all_else(void)
{
	check_adopt_refuses(open_raw("tun9", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR));
	check_adopt_refuses(open_raw("tap9", IFF_TAP | IFF_NO_PI));
	check_adopt_refuses(open("/dev/net/tun", O_RDWR));
	check_adopt_refuses(open("/dev/null", O_RDWR));
}

static void test_packets_and_what_stands_in_their_way(void)
{
	/* An IPv4 header that stands alone: from 10.0.0.2 to 10.0.0.1, protocol 253. */
	static const uint8_t packet[20] = {
		0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0x65, 0xeb, 10, 0, 0, 2, 10, 0, 0, 1};
	uint8_t room[2048];
	struct mv_tun tun;

	CHECK_INT(mv_tun_open(&tun, "tun9"), 0);
	CHECK_INT(mv_tun_read(&tun, room, sizeof(room)), -EAGAIN);
	CHECK_INT(mv_tun_write(&tun, packet, sizeof(packet)), -EIO);

	run_quietly("ip link set dev tun9 addrgenmode none");
	run_quietly("ip address add 10.0.0.1/24 dev tun9");
	run_quietly("ip link set dev tun9 up");
	CHECK_INT(mv_tun_write(&tun, packet, sizeof(packet)), sizeof(packet));

	/* The answer: no such protocol here, with the packet quoted behind 20 + 8 bytes. */
	CHECK_INT(mv_tun_read(&tun, room, sizeof(room)), 48);
	CHECK(memcmp(room + 28, packet, sizeof(packet)) == 0);
	CHECK_INT(mv_tun_read(&tun, room, sizeof(room)), -EAGAIN);

	run_quietly("ip link del dev tun9");
	CHECK_INT(mv_tun_read(&tun, room, sizeof(room)), -EBADFD);
	CHECK_INT(mv_tun_write(&tun, packet, sizeof(packet)), -EBADFD);
	mv_tun_close(&tun);
}

int main(void)
{
	enter_namespace();
	keep_only_net_admin();

	test_open_makes_a_device_that_goes_with_its_descriptor();
	test_open_refuses_a_name_that_is_taken();
	test_open_refuses_what_is_no_name();
	test_adopt_takes_a_descriptor_of_our_framing();
	test_adopt_refuses_all_else();
	test_packets_and_what_stands_in_their_way();
	return 0;
}
