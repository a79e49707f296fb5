/*
 * Published vectors of the two AEAD constructions, as hex.
 */
#ifndef MV_TESTS_VECTORS_AEAD_H
#define MV_TESTS_VECTORS_AEAD_H

/*
 * RFC 8439, appendix A.5: the vector whose nonce begins with four zero bytes, as every nonce of the
 * transport does. The nonce is 00000000 0102030405060708; here it is the counter.
 */
#define RFC8439_A5_KEY     "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"
#define RFC8439_A5_COUNTER UINT64_C(0x0807060504030201)
#define RFC8439_A5_AD      "f33388860000000000004e91"
#define RFC8439_A5_TEXT                                                                            \
	"Internet-Drafts are draft documents valid for a maximum of six months and may be "        \
	"updated, replaced, or obsoleted by other documents at any time. It is inappropriate to "  \
	"use Internet-Drafts as reference material or to cite them other than as "                 \
	"/\xe2\x80\x9cwork in progress./\xe2\x80\x9d"
#define RFC8439_A5_SEALED                                                                          \
	"64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"                         \
	"4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"                         \
	"332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"                         \
	"9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"                         \
	"b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"                         \
	"af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"                         \
	"0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"                         \
	"49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"                         \
	"a6ad5cb4022b02709b"                                                                       \
	"eead9d67890cbb22392336fea1851f38"

/* RFC 8439, section 2.4.2: a stream from block 1 on, as an AEAD has it. The nonce is 00000000
 * 0000004a00000000. */
#define RFC8439_242_KEY     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define RFC8439_242_COUNTER UINT64_C(0x4a000000)
#define RFC8439_242_TEXT    XCHACHA_A31_TEXT
#define RFC8439_242_ENCRYPTED                                                                      \
	"6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b"                         \
	"f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8"                         \
	"07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"                         \
	"5af90bbf74a35be6b40b8eedf2785e42874d"

/* draft-irtf-cfrg-xchacha, appendix A.3.1. */
#define XCHACHA_A31_KEY   "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
#define XCHACHA_A31_NONCE "404142434445464748494a4b4c4d4e4f5051525354555657"
#define XCHACHA_A31_AD    "50515253c0c1c2c3c4c5c6c7"
#define XCHACHA_A31_TEXT                                                                           \
	"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "     \
	"future, sunscreen would be it."
#define XCHACHA_A31_SEALED                                                                         \
	"bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"                         \
	"731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"                         \
	"2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"                         \
	"21f9664c97637da9768812f615c68b13b52e"                                                     \
	"c0875924c1c7987947deafd8780acf49"

#endif
