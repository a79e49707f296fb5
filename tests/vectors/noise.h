/*
 * Published vectors of the handshake Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s, as hex.
 */
#ifndef MV_TESTS_VECTORS_NOISE_H
#define MV_TESTS_VECTORS_NOISE_H

#define NOISE_CONSTRUCTION "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"

/* Of the vectors of the Noise library cacophony, the first two messages and what they lead to. */
#define CACOPHONY_PROLOGUE "4a6f686e2047616c74"
#define CACOPHONY_PSK      "54686973206973206d7920417573747269616e20706572737065637469766521"
#define CACOPHONY_INITIATOR_STATIC                                                                 \
	"e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1"
#define CACOPHONY_INITIATOR_EPHEMERAL                                                              \
	"893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"
#define CACOPHONY_RESPONDER_STATIC                                                                 \
	"4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893"
#define CACOPHONY_RESPONDER_EPHEMERAL                                                              \
	"bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"
#define CACOPHONY_PAYLOAD1 "4c756477696720766f6e204d69736573"
#define CACOPHONY_PAYLOAD2 "4d757272617920526f746862617264"
#define CACOPHONY_MESSAGE1                                                                         \
	"ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"                         \
	"001e21de9f98ddd8e2ad57527207feb56253c9c94a9e496782ecfcb2a75fbcaf"                         \
	"1b52948cc48daefe660c62119ab5000980c84831215f2441eba616548e832985"                         \
	"464cf17e51ee93109008399a21f7e13f"
#define CACOPHONY_MESSAGE2                                                                         \
	"95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"                         \
	"cb765f2caef0751b8f007572dab0322217755c0632f365717edbf34d33e87a"
#define CACOPHONY_HASH  "f5191b875290abcd41347ac3622d9679688a7e980229cb937ef748336cfde0e5"
#define CACOPHONY_FORTH "7a74d0adaa1882492a8eddc15272b5a5a230e111d86d430a5988596f2c4238ae"
#define CACOPHONY_BACK  "4dd78ec86daaa1034639ed326df9afecc3c47a881689e2a9f37a5e55a8131a2d"

/*
 * Wireshark's test capture wireguard-ping-tcp.pcap with its published keys: a session of the
 * WireGuard protocol as it went over the wire, without a pre-shared key.
 */
#define SESSION_INITIATOR_PRIVATE "00a799687c01c6388a2c59e4636ba7bc474e4ed83800bf8cf5d4177e8a455459"
#define SESSION_INITIATOR_PUBLIC  "22081ef4acd1cad28dc2b824cc313ff21acbbba2f2d0ea9576f38f5a1039291e"
#define SESSION_RESPONDER_PRIVATE "7052314d4c81b35422978d78841c0482f6ac11ac7c08a279212e59a2e829956b"
#define SESSION_RESPONDER_PUBLIC  "6030adb42b3d7b5279dbf83dbc49f02496bedb1e91a9a6b201832949541f1846"
#define SESSION_INITIATOR_EPHEMERAL                                                                \
	"b0b18b2523907f2cfb24d279643cc57f7533d6b92208c3236d67ab35870f1455"
#define SESSION_RESPONDER_EPHEMERAL                                                                \
	"402e3f1592a115fd1bfde5c470279c99936de95e8f5e645ae04586d4f2184d4e"
#define SESSION_TIMESTAMP       "400000005b52647b15405610"
#define SESSION_INITIATOR_INDEX UINT32_C(0x30d037d8)
#define SESSION_RESPONDER_INDEX UINT32_C(0xab7df406)
#define SESSION_RESPONDER_MAC1_KEY                                                                 \
	"778849ac488e391c7f5e43b14c65f60277ef40ff49eb3353615b518149968f6b"
#define SESSION_INITIATOR_MAC1_KEY                                                                 \
	"a5987c7b7abc4b279fee2410f5789840af28c53fb57a99f811ac976e860bfa3f"
#define SESSION_RESPONDER_COOKIE_KEY                                                               \
	"5c0fcb7e52e75f038e9dcf558715ea855c5e7885fca2eb8341f9d4bb5f4f3c7f"

#define SESSION_INITIATION                                                                         \
	"01000000d837d0305fcec7c8e5c8e2e3f7989eef60c228d82329d602b6b1e2bb"                         \
	"9d068f89cf9d4d4532780f6d27264f7b98701fdc27a4ec00aeb6becdbef2332f"                         \
	"1b4084cadb93823935c012ae255e7b25eff13940c321fa6bd66a2a87b061db14"                         \
	"30173e937f569349de2856dc5f2616763eeeafc0533b01dd965e7ec76976e28f"                         \
	"683d671200000000000000000000000000000000"
#define SESSION_INITIATION_CHAINING_KEY                                                            \
	"c6799583ad3e19c7caf208be5b86ba37c79f63c1c578e6aae2b72ecc356a62f5"
#define SESSION_INITIATION_HASH "80ceb31c64ad9da58df4501c4650e14cc63d7d42ed460239e21fa6db94a042fa"
#define SESSION_RESPONSE                                                                           \
	"0200000006f47dabd837d030b18d5550bd4042a37a46823ac08db1ec66839bc0"                         \
	"ca2d64bc15cd80232b66232faec24af8918de1060ff5c98e865d5f35f272214c"                         \
	"5260110dc4c61e32cdd8542100000000000000000000000000000000"
#define SESSION_RESPONSE_CHAINING_KEY                                                              \
	"785ae7f836401a0f2413df5076ec95e2f1614af46b43fbf0a4c9efaa00070cfb"
#define SESSION_RESPONSE_HASH "325caca0a72db2510f57238f6e20911bb8fb360428b67d693a9305a7eb5046e0"

/* From initiator to responder, and back. */
#define SESSION_FORTH_KEY "200edbb85503b00463f987aab96e0e7d047726c684f4cf3c7695caac38cacc8b"
#define SESSION_BACK_KEY  "dec67e4017307e59ef13cb788eff6a808a883956975f03b56f1468f6a581d5f3"
#define SESSION_FORTH_DATA                                                                         \
	"0400000006f47dab0000000000000000a4ebc12ee3f990da18033a0789c04e27"                         \
	"00f6f5c271d42ac4b4d6262e666549b445a7436e829bffb6ac65f05648bc0c39"                         \
	"1fe7c5884874376127164940188f03dba67af8388eaab76c593628bf9dc7be03"                         \
	"346d912e916dad862545454701364f2d2486d7ced4c8642ce547ddb26ef6a46b"
#define SESSION_BACK_DATA                                                                          \
	"04000000d837d03000000000000000006f4f080e9f52691bbe948535f79c13ed"                         \
	"68f09145d523eedb087265f968082f70735729263eda627c7683cdc0b80a3356"                         \
	"d9536c9f0e2872797b5c81720ba0b8ea7233c6debf9f0fbee8f10ec18985b824"                         \
	"bf350f8b8180d08a64e6be9810089ac3d1363ed5e129ca1e0425cf7e94965659"

/* Both carry an ICMP echo of 84 bytes, which begins like this. */
#define SESSION_FORTH_PACKET_START "45000054e54640004001414c0a0a0002"
#define SESSION_BACK_PACKET_START  "45000054a11d00004001c5750a0a0001"
#define SESSION_PACKET_LEN         84

#endif
