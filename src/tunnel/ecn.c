#include "tunnel/ecn.h"

#include "base/bytes.h"

#define ECN_MASK 3
#define NOT_ECT  0
#define ECT_1    1
#define ECT_0    2
#define CE       3

/* IPv4 has the TOS in its second byte, IPv6 the traffic class across the first two. */
static uint8_t read_ecn(const uint8_t *inner)
{
	return inner[0] >> 4 == 4 ? inner[1] & ECN_MASK : (inner[1] >> 4) & ECN_MASK;
}

static void write_ipv4_ecn(uint8_t *header, uint8_t ecn)
{
	uint16_t before = mv_load_be16(header);

	header[1] = (uint8_t)((header[1] & ~ECN_MASK) | ecn);

	/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
	uint32_t sum = (uint16_t)~mv_load_be16(header + 10);
	sum += (uint16_t)~before;
	sum += mv_load_be16(header);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	mv_store_be16(header + 10, (uint16_t)~sum);
}

static void write_ecn(uint8_t *inner, uint8_t ecn)
{
	if (inner[0] >> 4 == 4) {
		write_ipv4_ecn(inner, ecn);
	} else {
		inner[1] = (uint8_t)((inner[1] & ~(ECN_MASK << 4)) | ecn << 4);
	}
}

uint8_t mv_ecn_encapsulate(const uint8_t *inner)
{
	uint8_t ecn = read_ecn(inner);

	/* A mark that was made before the tunnel stays inside; the way through it begins clean. */
	return ecn == CE ? ECT_0 : ecn;
}

void mv_ecn_decapsulate(uint8_t *inner, uint8_t outer)
{
	uint8_t inner_ecn = read_ecn(inner);
	uint8_t outer_ecn = outer & ECN_MASK;

	if (inner_ecn == NOT_ECT || inner_ecn == CE) {
		return;
	}
	if (outer_ecn == CE || (outer_ecn == ECT_1 && inner_ecn == ECT_0)) {
		write_ecn(inner, outer_ecn);
	}
}
