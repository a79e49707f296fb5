/*
 * Every reason to drop a packet. One name is at once the counter, the word in the log, the line in
 * the status and what the tests assert. X(NAME, word, what happened): the word is how it is written
 * outside of C.
 */
#ifndef MV_TUNNEL_DROP_H
#define MV_TUNNEL_DROP_H

#define MV_DROPS(X)                                                                                \
	/* From TUN */                                                                             \
	X(BAD_OFFLOAD, "bad-offload",                                                              \
		"the tunnel device handed over a packet that cannot be what it says it is")        \
	X(NOT_IP, "not-ip", "the packet from the tunnel device is no IPv4 or IPv6 packet")         \
	X(NO_ROUTE, "no-route", "no peer has the destination in its allowed IPs")                  \
	X(NO_ENDPOINT, "no-endpoint", "the peer has no Endpoint here and has not called yet")      \
	X(NO_HANDSHAKE_POSSIBLE, "no-handshake-possible",                                          \
		"no private key, or the peer's key is no usable point")                            \
	X(STAGED_OVERFLOW, "staged-overflow", "more packets waited for a handshake than are kept") \
	X(HANDSHAKE_GAVE_UP, "handshake-gave-up",                                                  \
		"waited for a handshake that was never answered")                                  \
	/* Both ways */                                                                            \
	X(DEVICE_DOWN, "device-down", "the tunnel device is down")                                 \
	X(PEER_GONE, "peer-gone", "the peer was removed or its keys replaced meanwhile")           \
	/* To UDP */                                                                               \
	X(SEND_FAILED, "send-failed", "the system refused to send the datagram")                   \
	X(TOO_BIG, "too-big", "the sealed packet does not fit into one datagram")                  \
	/* From UDP, before any cryptography */                                                    \
	X(BAD_MESSAGE, "bad-message", "the datagram is no message of the protocol")                \
	X(TRUNCATED, "truncated", "the datagram was larger than the buffer")                       \
	X(UNKNOWN_INDEX, "unknown-index", "the receiver index names no session or handshake")      \
	X(KEYPAIR_TOO_OLD, "keypair-too-old",                                                      \
		"the session key has passed its age or its number of messages")                    \
	/* Data */                                                                                 \
	X(BAD_TAG, "bad-tag", "the authentication tag is wrong")                                   \
	X(REPLAYED, "replayed", "the counter was seen before or lies behind the window")           \
	X(BAD_INNER, "bad-inner", "the decrypted packet is no well-formed IP packet")              \
	X(SOURCE_NOT_ALLOWED, "source-not-allowed",                                                \
		"the inner source address is not in the peer's allowed IPs")                       \
	/* Handshake */                                                                            \
	X(HANDSHAKE_QUEUE_FULL, "handshake-queue-full",                                            \
		"more handshake messages came than could be worked off")                           \
	X(UNDER_LOAD, "under-load",                                                                \
		"answered by a cookie: handshakes come faster than they can be worked off")        \
	X(RATE_LIMITED, "rate-limited", "under load, and this source sends too many handshakes")   \
	X(BAD_MAC1, "bad-mac1", "the message was made for another public key, or damaged")         \
	X(NO_IDENTITY, "no-identity", "the device has no private key")                             \
	X(BAD_HANDSHAKE, "bad-handshake", "the handshake message does not authenticate")           \
	X(BAD_RESPONSE, "bad-response",                                                            \
		"an answer that does not authenticate: PresharedKey differs from the peer's, or "  \
		"it is forged")                                                                    \
	X(UNKNOWN_PEER, "unknown-peer", "a handshake from a public key that is not configured")    \
	X(OLD_TIMESTAMP, "old-timestamp",                                                          \
		"a handshake that is no later than the last: a replay, or the peer's clock went "  \
		"back")                                                                            \
	X(HANDSHAKE_FLOOD, "handshake-flood", "a handshake too soon after the last of this peer")  \
	X(STALE_RESPONSE, "stale-response",                                                        \
		"a response to a handshake that is no longer under way")                           \
	X(COOKIE_UNWANTED, "cookie-unwanted",                                                      \
		"a cookie reply that nothing asked for, or that does not authenticate")            \
	/* To TUN */                                                                               \
	X(TUN_WRITE_FAILED, "tun-write-failed", "the tunnel device did not take the packet")

enum mv_drop {
	MV_DROP_NONE, /* alive */
#define MV_DROP_NAME(name, word, text) MV_DROP_##name,
	MV_DROPS(MV_DROP_NAME)
#undef MV_DROP_NAME
		MV_DROP_COUNT
};

/* "source-not-allowed"; "none" for MV_DROP_NONE. */
const char *mv_drop_word(enum mv_drop drop);

/* The sentence that a person reads. */
const char *mv_drop_text(enum mv_drop drop);

/* MV_DROP_COUNT if there is no such word. */
enum mv_drop mv_drop_from_word(const char *word);

#endif
