#include "proto/transport.h"

#include <string.h>

#include "base/bytes.h"

static size_t align_up(size_t len)
{
	return (len + MV_PADDING - 1) / MV_PADDING * MV_PADDING;
}

size_t mv_transport_padded_len(size_t len, uint32_t mtu)
{
	if (mtu == 0) {
		return align_up(len);
	}
	/* Of a packet larger than the MTU, which left the device in pieces once, the last piece is
	 * what counts. */
	size_t last = len > mtu ? len % mtu : len;
	size_t padded = align_up(last);

	return len - last + (padded < mtu ? padded : mtu);
}

size_t mv_transport_prepare_seal(struct mv_aead_job *job, uint8_t *packet, size_t len, uint32_t mtu,
	const uint8_t *key, uint64_t counter, uint32_t receiver_index)
{
	struct mv_message_data *header = (void *)(packet - MV_TRANSPORT_HEADROOM);
	size_t padded_len = mv_transport_padded_len(len, mtu);

	mv_store_le32(header->type, MV_MESSAGE_DATA);
	mv_store_le32(header->receiver_index, receiver_index);
	mv_store_le64(header->counter, counter);
	memset(packet + len, 0, padded_len - len);

	*job = (struct mv_aead_job){
		.key = key, .counter = counter, .text = packet, .text_len = padded_len};
	return padded_len + MV_MESSAGE_DATA_OVERHEAD;
}

void mv_transport_prepare_open(
	struct mv_aead_job *job, uint8_t *message, size_t len, const uint8_t *key)
{
	const struct mv_message_data *header = (const void *)message;

	*job = (struct mv_aead_job){.key = key,
		.counter = mv_load_le64(header->counter),
		.text = message + sizeof(*header),
		.text_len = len - MV_MESSAGE_DATA_OVERHEAD};
}
