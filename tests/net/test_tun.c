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

	CHECK_INT(mv_tun_open(&tun, "tun9", MV_TUN_PLAIN), 0);
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

	CHECK_INT(mv_tun_open(&first, "tun9", MV_TUN_PLAIN), 0);
	CHECK_INT(mv_tun_open(&second, "tun9", MV_TUN_PLAIN), -EBUSY);
	CHECK_INT(second.fd, -1);
	mv_tun_close(&first);
	CHECK_INT(mv_tun_open(&second, "tun9", MV_TUN_PLAIN), 0);
	mv_tun_close(&second);

	run_quietly("ip tuntap add dev tun8 mode tun");
	CHECK_INT(mv_tun_open(&first, "tun8", MV_TUN_PLAIN), -EBUSY);
	run_quietly("ip link del dev tun8");

	CHECK_INT(mv_tun_open(&first, "lo", MV_TUN_PLAIN), -EEXIST);
	run_quietly("ip link add dev veth8 type veth peer name veth9");
	CHECK_INT(mv_tun_open(&first, "veth8", MV_TUN_PLAIN), -EEXIST);
	run_quietly("ip link del dev veth8");
}

static void test_open_refuses_what_is_no_name(void)
{
	struct mv_tun tun;

	CHECK_INT(mv_tun_open(&tun, "", MV_TUN_PLAIN), -EINVAL);
	CHECK_INT(mv_tun_open(&tun, "tun%d", MV_TUN_PLAIN), -EINVAL);
	CHECK_INT(mv_tun_open(&tun, "a/b", MV_TUN_PLAIN), -EINVAL);
	CHECK_INT(mv_tun_open(&tun, "sixteen-letters-", MV_TUN_PLAIN), -ENAMETOOLONG);
	CHECK_INT(mv_tun_open(&tun, "fifteen-letters", MV_TUN_PLAIN), 0);
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

/* What the kernel has is asked for, and a header without offloads is of no trouble. */
static void test_offloads_are_those_of_the_descriptor(void)
{
	struct mv_tun tun;

	CHECK_INT(mv_tun_open(&tun, "tun9", MV_TUN_PLAIN), 0);
	CHECK(!tun.has_header && !tun.merges_tcp && !tun.merges_udp);
	mv_tun_close(&tun);

	CHECK_INT(mv_tun_open(&tun, "tun9", MV_TUN_OFFLOAD), 0);
	CHECK(tun.has_header && tun.merges_tcp);
	mv_tun_close(&tun);

	CHECK_INT(mv_tun_adopt(&tun, open_raw("tun9", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)), 0);
	CHECK(tun.has_header && tun.merges_tcp);
	mv_tun_close(&tun);
}

static void test_adopt_refuses_all_else(void)
{
	check_adopt_refuses(open_raw("tap9", IFF_TAP | IFF_NO_PI));
	check_adopt_refuses(open("/dev/net/tun", O_RDWR));
	check_adopt_refuses(open("/dev/null", O_RDWR));
}

static void check_packets(int flags)
{
	/* An IPv4 header that stands alone: from 10.0.0.2 to 10.0.0.1, protocol 253. */
	static const uint8_t packet[20] = {
		0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0x65, 0xeb, 10, 0, 0, 2, 10, 0, 0, 1};
	struct virtio_net_hdr header;
	uint8_t room[2048];
	struct mv_tun tun;

	CHECK_INT(mv_tun_open(&tun, "tun9", flags), 0);
	CHECK_INT(mv_tun_read_frame(&tun, &header, room, sizeof(room)), -EAGAIN);
	CHECK_INT(mv_tun_write(&tun, packet, sizeof(packet)), -EIO);

	run_quietly("ip link set dev tun9 addrgenmode none");
	run_quietly("ip address add 10.0.0.1/24 dev tun9");
	run_quietly("ip link set dev tun9 up");
	CHECK_INT(mv_tun_write(&tun, packet, sizeof(packet)), 0);

	/* The answer: no such protocol here, with the packet quoted behind 20 + 8 bytes. */
	CHECK_INT(mv_tun_read_frame(&tun, &header, room, sizeof(room)), 48);
	CHECK(memcmp(room + 28, packet, sizeof(packet)) == 0);
	CHECK_INT(header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	CHECK_INT(mv_tun_read_frame(&tun, &header, room, sizeof(room)), -EAGAIN);

	run_quietly("ip link del dev tun9");
	CHECK_INT(mv_tun_read_frame(&tun, &header, room, sizeof(room)), -EBADFD);
	CHECK_INT(mv_tun_write(&tun, packet, sizeof(packet)), -EBADFD);
	mv_tun_close(&tun);
}

static void test_packets_and_what_stands_in_their_way(void)
{
	check_packets(MV_TUN_PLAIN);
	check_packets(MV_TUN_OFFLOAD);
	check_packets(MV_TUN_OFFLOAD | MV_TUN_MANY_QUEUES);
}

/* Who opens a device for himself has it for himself; who says that it may have many queues can open
 * more of them, of the same framing. */
static void test_queues_are_of_one_device(void)
{
	struct mv_tun first, second;

	CHECK_INT(mv_tun_open(&first, "tun9", MV_TUN_OFFLOAD), 0);
	CHECK(mv_tun_open_queue(&second, &first) < 0);
	CHECK_INT(second.fd, -1);
	mv_tun_close(&first);

	CHECK_INT(mv_tun_open(&first, "tun9", MV_TUN_OFFLOAD | MV_TUN_MANY_QUEUES), 0);
	CHECK_INT(mv_tun_open_queue(&second, &first), 0);
	CHECK_INT(second.ifindex, first.ifindex);
	CHECK(second.has_header && second.merges_tcp);
	mv_tun_close(&first);
	CHECK(if_nametoindex("tun9") != 0);
	mv_tun_close(&second);
	CHECK(if_nametoindex("tun9") == 0);
}

static void check_join(const char *name, int flags, int result)
{
	struct mv_tun tun;

	CHECK_INT(mv_tun_join(&tun, name, flags), result);
	CHECK(result == 0 ? tun.fd >= 0 : tun.fd == -1);
	mv_tun_close(&tun);
}

static void test_join_takes_what_was_prepared(void)
{
	struct mv_tun tun, second;

	run_quietly("ip tuntap add dev tun9 mode tun");
	CHECK_INT(mv_tun_join(&tun, "tun9", MV_TUN_OFFLOAD), 0);
	CHECK(tun.has_header && tun.merges_tcp && !tun.has_many_queues);
	check_join("tun9", MV_TUN_OFFLOAD, -EBUSY);
	mv_tun_close(&tun);
	CHECK(if_nametoindex("tun9") != 0);
	check_join("tun9", MV_TUN_PLAIN, 0);
	run_quietly("ip link del dev tun9");

	run_quietly("ip tuntap add dev tun9 mode tun multi_queue");
	CHECK_INT(mv_tun_join(&tun, "tun9", MV_TUN_OFFLOAD), 0);
	CHECK(tun.has_header && tun.has_many_queues);
	CHECK_INT(mv_tun_open_queue(&second, &tun), 0);
	mv_tun_close(&second);
	mv_tun_close(&tun);
	run_quietly("ip link del dev tun9");
}

static void test_join_makes_and_takes_nothing_else(void)
{
	check_join("tun9", MV_TUN_PLAIN, -ENXIO);
	CHECK_INT(if_nametoindex("tun9"), 0);
	check_join("lo", MV_TUN_PLAIN, -ENOTTY);
	check_join("", MV_TUN_PLAIN, -EINVAL);
	run_quietly("ip tuntap add dev tap9 mode tap");
	check_join("tap9", MV_TUN_PLAIN, -ENOTTY);
	run_quietly("ip link del dev tap9");
}

/* A header of another size, as programs for virtual machines ask for, is the device's from then
 * on. */
static void test_join_takes_no_header_of_others(void)
{
	struct mv_tun tun;
	int size = 12;

	run_quietly("ip tuntap add dev tun9 mode tun");
	int fd = open_raw("tun9", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
	CHECK_INT(ioctl(fd, TUNSETVNETHDRSZ, &size), 0);
	close(fd);
	fd = open_raw("tun9", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
	size = 0;
	CHECK_INT(ioctl(fd, TUNGETVNETHDRSZ, &size), 0);
	CHECK_INT(size, 12);
	close(fd);

	CHECK_INT(mv_tun_join(&tun, "tun9", MV_TUN_OFFLOAD), 0);
	CHECK_INT(ioctl(tun.fd, TUNGETVNETHDRSZ, &size), 0);
	CHECK_INT(size, (long)sizeof(struct virtio_net_hdr));
	mv_tun_close(&tun);
	run_quietly("ip link del dev tun9");
}

int main(void)
{
	enter_namespace();
	keep_only_net_admin();

	test_open_makes_a_device_that_goes_with_its_descriptor();
	test_open_refuses_a_name_that_is_taken();
	test_open_refuses_what_is_no_name();
	test_adopt_takes_a_descriptor_of_our_framing();
	test_offloads_are_those_of_the_descriptor();
	test_adopt_refuses_all_else();
	test_packets_and_what_stands_in_their_way();
	test_queues_are_of_one_device();
	test_join_takes_what_was_prepared();
	test_join_makes_and_takes_nothing_else();
	test_join_takes_no_header_of_others();
	return 0;
}
