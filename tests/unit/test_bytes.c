#include "base/bytes.h"

#include <criterion/criterion.h>

static const uint8_t bytes[9] = {0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96, 0x87, 0x78};

Test(bytes, loads_name_their_order)
{
	cr_assert_eq(mv_load_be16(bytes), 0xf0e1);
	cr_assert_eq(mv_load_be32(bytes), 0xf0e1d2c3u);
	cr_assert_eq(mv_load_be64(bytes), UINT64_C(0xf0e1d2c3b4a59687));
	cr_assert_eq(mv_load_le32(bytes), 0xc3d2e1f0u);
	cr_assert_eq(mv_load_le64(bytes), UINT64_C(0x8796a5b4c3d2e1f0));
}

Test(bytes, loads_work_at_an_odd_address)
{
	cr_assert_eq(mv_load_be16(bytes + 1), 0xe1d2);
	cr_assert_eq(mv_load_be32(bytes + 1), 0xe1d2c3b4u);
	cr_assert_eq(mv_load_be64(bytes + 1), UINT64_C(0xe1d2c3b4a5968778));
	cr_assert_eq(mv_load_le32(bytes + 1), 0xb4c3d2e1u);
	cr_assert_eq(mv_load_le64(bytes + 1), UINT64_C(0x788796a5b4c3d2e1));
}

/* Every store goes to an odd address between two guards, which it must leave alone. */
static void check_stored(const uint8_t *frame, const uint8_t *wanted, size_t len)
{
	cr_assert_eq(frame[0], 0x55);
	cr_assert_arr_eq(frame + 1, wanted, len);
	cr_assert_eq(frame[1 + len], 0x55);
}

static void clear_frame(uint8_t frame[static 10])
{
	for (int i = 0; i < 10; i++) {
		frame[i] = 0x55;
	}
}

Test(bytes, stores_write_their_order_and_no_more)
{
	static const uint8_t little[8] = {0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0};
	uint8_t frame[10];

	clear_frame(frame);
	mv_store_be16(frame + 1, 0xf0e1);
	check_stored(frame, bytes, 2);
	clear_frame(frame);
	mv_store_be32(frame + 1, 0xf0e1d2c3u);
	check_stored(frame, bytes, 4);
	clear_frame(frame);
	mv_store_be64(frame + 1, UINT64_C(0xf0e1d2c3b4a59687));
	check_stored(frame, bytes, 8);
	clear_frame(frame);
	mv_store_le32(frame + 1, 0xb4a59687u);
	check_stored(frame, little, 4);
	clear_frame(frame);
	mv_store_le64(frame + 1, UINT64_C(0xf0e1d2c3b4a59687));
	check_stored(frame, little, 8);
}

Test(bytes, all_values_of_one_byte_come_back_from_each_place)
{
	for (unsigned place = 0; place < 8; place++) {
		for (uint64_t value = 0; value < 256; value++) {
			uint8_t frame[8];

			mv_store_be64(frame, value << 8 * place);
			cr_assert_eq(mv_load_be64(frame), value << 8 * place);
			cr_assert_eq(frame[7 - place], value);
			mv_store_le64(frame, value << 8 * place);
			cr_assert_eq(mv_load_le64(frame), value << 8 * place);
			cr_assert_eq(frame[place], value);
		}
	}
}
