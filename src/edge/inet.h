/*
 * Where the fields lie in the headers that are cut apart and put together here: RFC 791, RFC 8200,
 * RFC 9293, RFC 768.
 */
#ifndef MV_EDGE_INET_H
#define MV_EDGE_INET_H

#define INET_PACKET_MAX 65535

#define IPV4_HEADER        20
#define IPV4_TOTAL_LENGTH  2
#define IPV4_ID            4
#define IPV4_FRAGMENT      6
#define IPV4_TTL           8
#define IPV4_PROTOCOL      9
#define IPV4_CHECKSUM      10
#define IPV4_ADDRESSES     12
#define IPV4_ADDRESSES_LEN 8

#define IPV4_MORE_FRAGMENTS  0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff

#define IPV6_HEADER        40
#define IPV6_LENGTH        4
#define IPV6_NEXT_HEADER   6
#define IPV6_ADDRESSES     8
#define IPV6_ADDRESSES_LEN 32

#define TCP_HEADER      20
#define TCP_SEQUENCE    4
#define TCP_ACK_NUMBER  8
#define TCP_DATA_OFFSET 12
#define TCP_FLAGS       13
#define TCP_WINDOW      14
#define TCP_CHECKSUM    16
#define TCP_URGENT      18

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_CWR 0x80

#define UDP_HEADER   8
#define UDP_LENGTH   4
#define UDP_CHECKSUM 6

#endif
