/*
 * What turns tun_reader into half a VPN: packets sealed by ChaCha20-Poly1305 (RFC 8439), the key
 * for it, and the way back.
 */
#ifndef MV_EXAMPLES_SEALED_H
#define MV_EXAMPLES_SEALED_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/keytext.h"
#include "packet.h"

#define SEALED_PROTOCOL   253 /* RFC 3692: for experiments */
#define SEALED_COUNTER    IPV4_HEADER_LEN
#define SEALED_CIPHERTEXT (SEALED_COUNTER + 8)
#define SEALED_OVERHEAD   (SEALED_CIPHERTEXT + MV_AEAD_TAG_LEN)

/* The first line of a file: 32 bytes in base64. */
static inline bool read_key(uint8_t key[static MV_AEAD_KEY_LEN], FILE *file)
{
	char text[MV_KEY_BASE64_MAX + 1] = "";
	bool ok;

	setbuf(file, NULL); /* no copy of the key in a buffer that we cannot wipe */
	if (!fgets(text, sizeof(text), file))
		return false;
	text[strcspn(text, "\n")] = '\0';
	ok = mv_key_from_base64(key, text) == MV_KEYTEXT_OK;
	sodium_memzero(text, sizeof(text));
	return ok;
}

static inline bool load_key(uint8_t key[static MV_AEAD_KEY_LEN], const char *path)
{
	FILE *file = fopen(path, "re");
	bool ok = file && read_key(key, file);

	if (file)
		fclose(file);
	if (!ok)
		fprintf(stderr, "tun_reader: no key in %s; make one by minivpn genkey\n", path);
	return ok;
}

/*
 * A packet inside a packet, which is all that a tunnel does:
 *
 *	IPv4 header | counter, 8 bytes | the original, sealed | tag, 16 bytes
 *
 * The counter is no secret, but with one key no counter may ever be used twice. Returns the length,
 * len + SEALED_OVERHEAD.
 */
static inline size_t put_sealed(uint8_t *out, const uint8_t *packet, size_t len,
	const uint8_t key[static MV_AEAD_KEY_LEN], uint64_t counter)
{
	size_t out_len = len + SEALED_OVERHEAD;

	put_ipv4_header(out, out_len, SEALED_PROTOCOL, nowhere, here);
	mv_store_le64(out + SEALED_COUNTER, counter);
	mv_aead_seal(out + SEALED_CIPHERTEXT, packet, len, NULL, 0, key, counter);
	return out_len;
}

/*
 * The other way. `packet` gets in_len - SEALED_OVERHEAD bytes. False when `in` was not sealed with
 * this key, or is not, byte for byte, what was sealed.
 */
static inline bool open_sealed(uint8_t *packet, const uint8_t *in, size_t in_len,
	const uint8_t key[static MV_AEAD_KEY_LEN])
{
	if (in_len < SEALED_OVERHEAD || in[9] != SEALED_PROTOCOL)
		return false;
	return mv_aead_open(packet, in + SEALED_CIPHERTEXT, in_len - SEALED_CIPHERTEXT, NULL, 0,
		key, mv_load_le64(in + SEALED_COUNTER));
}

/* Sealed packets one behind the other, each as long as its header says. Returns an exit code. */
static inline int open_packets(const uint8_t *packets, size_t len, const uint8_t *key)
{
	uint8_t packet[PACKET_MAX];

	while (len > 0) {
		size_t packet_len = len < IPV4_HEADER_LEN ? 0 : mv_load_be16(packets + 2);

		if (packet_len > len || !open_sealed(packet, packets, packet_len, key)) {
			fputs("tun_reader: this was not sealed with this key\n", stderr);
			return EXIT_FAILURE;
		}
		printf("Opened %zu bytes\n", packet_len - SEALED_OVERHEAD);
		print_rows(packet, packet_len - SEALED_OVERHEAD);
		packets += packet_len;
		len -= packet_len;
	}
	return EXIT_SUCCESS;
}

/* The same, as hex digits on standard input. */
static inline int open_hex(const uint8_t *key)
{
	char *hex = NULL;
	size_t room = 0;
	ssize_t hex_len = getdelim(&hex, &room, '\0', stdin);
	uint8_t *packets = hex_len > 0 ? malloc((size_t)hex_len) : NULL;
	size_t len = 0;
	int exit_code = EXIT_FAILURE;

	if (packets && sodium_hex2bin(packets, (size_t)hex_len, hex, (size_t)hex_len, " \t\r\n",
			       &len, NULL) == 0)
		exit_code = open_packets(packets, len, key);
	else
		fputs("tun_reader: standard input holds no hex digits, or more than these\n",
			stderr);
	free(packets);
	free(hex);
	return exit_code;
}

#endif
