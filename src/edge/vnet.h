/*
 * The virtio header that stands before each frame of a TUN device with IFF_VNET_HDR, with the names
 * that Linux has got since 6.2 and the headers of Debian 12 lack.
 */
#ifndef MV_EDGE_VNET_H
#define MV_EDGE_VNET_H

#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#endif
