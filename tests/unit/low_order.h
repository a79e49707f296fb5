/*
 * The points of low order as 32 bytes, all encodings below 2^255: with any secret their shared
 * secret is zero, so no handshake may go on with one.
 */
#ifndef MV_TESTS_LOW_ORDER_H
#define MV_TESTS_LOW_ORDER_H

#define LOW_ORDER_POINTS ((size_t)7)

static const char *const low_order_points[LOW_ORDER_POINTS] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

#endif
