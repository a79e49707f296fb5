#include "control/report.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/places.h"
#include "crypto/keytext.h"
#include "minivpn/version.h"

/* The sequences of wg show, or nothing at all. */
struct style {
	const char *reset, *bold, *green, *yellow, *cyan, *red;
};

static const struct style plain = {"", "", "", "", "", ""};
static const struct style colored = {
	"\x1b[0m", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[31m"};

struct report {
	FILE *out;
	const struct style *style;
	uint64_t now_s;
};

static void print_label(const struct report *report, const char *label)
{
	fprintf(report->out, "  %s%s%s: ", report->style->bold, label, report->style->reset);
}

static void print_heading(
	const struct report *report, const char *label, const char *color, const char *name)
{
	const struct style *style = report->style;

	fprintf(report->out, "%s%s%s%s: %s%s%s\n", color, style->bold, label, style->reset, color,
		name, style->reset);
}

/* "1 hour, 3 seconds": parts that are zero are left out. */
static void print_duration(const struct report *report, uint64_t seconds)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {
		{"year", UINT64_C(365) * 24 * 60 * 60},
		{"day", UINT64_C(24) * 60 * 60},
		{"hour", UINT64_C(60) * 60},
		{"minute", 60},
		{"second", 1},
	};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		uint64_t part = seconds / units[i].seconds;

		seconds %= units[i].seconds;
		if (part == 0) {
			continue;
		}
		fprintf(report->out, "%s%" PRIu64 " %s%s%s%s", separator, part, report->style->cyan,
			units[i].name, part == 1 ? "" : "s", report->style->reset);
		separator = ", ";
	}
}

static void print_ago(const struct report *report, uint64_t when_s)
{
	if (when_s == report->now_s) {
		fprintf(report->out, "Now");
	} else if (when_s > report->now_s) {
		fprintf(report->out,
			"(%sSystem clock wound backward; connection problems may ensue.%s)",
			report->style->red, report->style->reset);
	} else {
		print_duration(report, report->now_s - when_s);
		fprintf(report->out, " ago");
	}
}

static void print_bytes(const struct report *report, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	const struct style *style = report->style;
	double scaled = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		fprintf(report->out, "%" PRIu64 " %sB%s", bytes, style->cyan, style->reset);
		return;
	}
	while (scaled >= 1024 && unit + 1 < sizeof(units) / sizeof(*units)) {
		scaled /= 1024;
		unit++;
	}
	fprintf(report->out, "%.2f %s%s%s", scaled, style->cyan, units[unit], style->reset);
}

static void print_packets(const struct report *report, uint64_t packets)
{
	fprintf(report->out, "%" PRIu64 " packet%s", packets, packets == 1 ? "" : "s");
}

static void print_offloads(const struct report *report, const struct mv_snapshot *snapshot)
{
	bool is_first = true;

	for (unsigned i = 0; i < MV_OFFLOAD_COUNT; i++) {
		if (!snapshot->offloads[i]) {
			continue;
		}
		if (is_first) {
			print_label(report, "offload");
		}
		fprintf(report->out, "%s%s", is_first ? "" : ", ",
			mv_offload_word((enum mv_offload)i));
		is_first = false;
	}
	if (!is_first) {
		fputc('\n', report->out);
	}
}

static void print_device(
	const struct report *report, const char *device, const struct mv_snapshot *snapshot)
{
	char key[MV_KEY_BASE64_MAX];

	fprintf(report->out, "%s", report->style->reset);
	print_heading(report, "interface", report->style->green, device);
	if (!sodium_is_zero(snapshot->public_key, MV_KEY_LEN)) {
		print_label(report, "public key");
		fprintf(report->out, "%s\n", mv_key_to_base64(key, snapshot->public_key));
		print_label(report, "private key");
		fprintf(report->out, "(hidden)\n");
	}
	if (snapshot->listen_port != 0) {
		print_label(report, "listening port");
		fprintf(report->out, "%u\n", snapshot->listen_port);
	}
	if (snapshot->fwmark != 0) {
		print_label(report, "fwmark");
		fprintf(report->out, "0x%" PRIx32 "\n", snapshot->fwmark);
	}
	if (snapshot->mtu != 0) {
		print_label(report, "mtu");
		fprintf(report->out, "%u\n", snapshot->mtu);
	}
	if (snapshot->aead) {
		print_label(report, "aead");
		fprintf(report->out, "%s\n", snapshot->aead);
	}
	print_offloads(report, snapshot);
	for (unsigned drop = MV_DROP_NONE + 1; drop < MV_DROP_COUNT; drop++) {
		if (snapshot->drops[drop] == 0) {
			continue;
		}
		print_label(report, "dropped");
		print_packets(report, snapshot->drops[drop]);
		fprintf(report->out, ", %s: %s\n", mv_drop_word((enum mv_drop)drop),
			mv_drop_text((enum mv_drop)drop));
	}
}

static void print_endpoint(const struct report *report, const struct mv_peer_snapshot *peer)
{
	char text[MV_ENDPOINT_TEXT_MAX];

	if (peer->endpoint.ip.family != MV_FAMILY_NONE) {
		print_label(report, "endpoint");
		fprintf(report->out, "%s\n", mv_endpoint_print(text, &peer->endpoint));
	} else if (peer->endpoint_pending) {
		print_label(report, "endpoint");
		fprintf(report->out, "(name is being resolved)\n");
	}
}

static void print_list(const struct report *report, const struct mv_peer_snapshot *peer)
{
	char *text = mv_places_text(peer);

	if (text) {
		print_label(report, "endpoints");
		fprintf(report->out, "%s\n", text);
	}
	free(text);
	if (peer->endpoints_trouble) {
		print_label(report, "not resolved");
		fprintf(report->out, "%s\n", peer->endpoints_trouble);
	}
}

static void print_allowed_ips(
	const struct report *report, const struct mv_prefix *prefixes, size_t count)
{
	char text[MV_IP_TEXT_MAX];

	print_label(report, "allowed ips");
	for (size_t i = 0; i < count; i++) {
		fprintf(report->out, "%s%s%s/%s%u", i == 0 ? "" : ", ",
			mv_ip_print(text, &prefixes[i].ip), report->style->cyan,
			report->style->reset, prefixes[i].bits);
	}
	fprintf(report->out, "%s\n", count == 0 ? "(none)" : "");
}

static void print_transfer(const struct report *report, const struct mv_peer_snapshot *peer)
{
	if (peer->rx_bytes == 0 && peer->tx_bytes == 0) {
		return;
	}
	print_label(report, "transfer");
	print_bytes(report, peer->rx_bytes);
	fprintf(report->out, " received, ");
	print_bytes(report, peer->tx_bytes);
	fprintf(report->out, " sent\n");
}

/* One unanswered initiation, or one response that is not used yet, is a matter of moments. */
#define WORTH_A_WORD 2

/* A handshake that is refused for its timestamp has no answer either. */
static void print_clock_trouble(const struct report *report)
{
	if (report->now_s < MINIVPN_MADE_S) {
		print_label(report, "clock");
		fprintf(report->out,
			"this machine's clock is behind the day when minivpn was made: a peer that "
			"got a later handshake with this key may refuse those of now\n");
	}
}

/* What is wrong with a tunnel over which nothing comes, as far as this side can tell. */
static void print_handshake_trouble(
	const struct report *report, const struct mv_peer_snapshot *peer)
{
	if (peer->unanswered >= WORTH_A_WORD) {
		print_label(report, "no answer");
		fprintf(report->out, "to %" PRIu32 " handshakes since ", peer->unanswered);
		print_ago(report, peer->unanswered_since_s);
		fprintf(report->out, ": is the peer up, its UDP port open, this its public key, "
				     "and does it know ours?\n");
		print_clock_trouble(report);
	}
	if (peer->unconfirmed >= WORTH_A_WORD) {
		print_label(report, "not confirmed");
		fprintf(report->out,
			"%" PRIu32 " handshakes of the peer were answered, and it used none: is "
			"PresharedKey the same on both sides, and do our answers reach it?\n",
			peer->unconfirmed);
	}
}

static void print_drops(const struct report *report, const struct mv_peer_snapshot *peer)
{
	if (peer->drops == 0) {
		return;
	}
	print_label(report, "dropped");
	print_packets(report, peer->drops);
	if (peer->last_drop != MV_DROP_NONE) {
		fprintf(report->out, ", last: %s, ", mv_drop_text(peer->last_drop));
		print_ago(report, peer->last_drop_s);
	}
	fprintf(report->out, "\n");
}

static void print_peer(const struct report *report, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer)
{
	char key[MV_KEY_BASE64_MAX];

	mv_key_to_base64(key, peer->public_key);
	print_heading(report, "peer", report->style->yellow, *peer->name ? peer->name : key);
	if (*peer->name) {
		print_label(report, "public key");
		fprintf(report->out, "%s\n", key);
	}
	if (mv_peer_snapshot_has_preshared_key(peer)) {
		print_label(report, "preshared key");
		fprintf(report->out, "(hidden)\n");
	}
	if (peer->preshared_key_file) {
		print_label(report, "preshared key file");
		fprintf(report->out, "%s\n", peer->preshared_key_file);
	}
	print_endpoint(report, peer);
	print_list(report, peer);
	print_allowed_ips(report, snapshot->prefixes + peer->first_prefix, peer->prefix_count);
	if (peer->last_handshake_s != 0) {
		print_label(report, "latest handshake");
		print_ago(report, peer->last_handshake_s);
		fprintf(report->out, "\n");
	}
	print_transfer(report, peer);
	if (peer->persistent_keepalive_s != 0) {
		print_label(report, "persistent keepalive");
		fprintf(report->out, "every ");
		print_duration(report, peer->persistent_keepalive_s);
		fprintf(report->out, "\n");
	}
	print_handshake_trouble(report, peer);
	print_drops(report, peer);
}

struct sorted_peer {
	const struct mv_peer_snapshot *peer;
};

/* Newest handshake first; equal ones stay as they were configured, so that the report is stable. */
static int compare_peers(const void *left, const void *right)
{
	const struct mv_peer_snapshot *a = ((const struct sorted_peer *)left)->peer;
	const struct mv_peer_snapshot *b = ((const struct sorted_peer *)right)->peer;

	if (a->last_handshake_s != b->last_handshake_s) {
		return a->last_handshake_s > b->last_handshake_s ? -1 : 1;
	}
	if (a->last_handshake_ns != b->last_handshake_ns) {
		return a->last_handshake_ns > b->last_handshake_ns ? -1 : 1;
	}
	return a < b ? -1 : a > b;
}

static bool print_peers(const struct report *report, const struct mv_snapshot *snapshot)
{
	struct sorted_peer *sorted;

	if (snapshot->peer_count == 0) {
		return true;
	}
	sorted = calloc(snapshot->peer_count, sizeof(*sorted));
	if (sorted == NULL) {
		return false;
	}
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		sorted[i].peer = &snapshot->peers[i];
	}
	qsort(sorted, snapshot->peer_count, sizeof(*sorted), compare_peers);
	for (size_t i = 0; i < snapshot->peer_count; i++) {
		fprintf(report->out, "\n");
		print_peer(report, snapshot, sorted[i].peer);
	}
	free(sorted);
	return true;
}

/* Of the device, or of the one peer where there is one. */
static bool print_all(const struct report *report, const char *device,
	const struct mv_snapshot *snapshot, const struct mv_peer_snapshot *peer)
{
	if (peer) {
		fprintf(report->out, "%s", report->style->reset);
		print_peer(report, snapshot, peer);
		return true;
	}
	print_device(report, device, snapshot);
	return print_peers(report, snapshot);
}

static char *make_text(const char *device, const struct mv_snapshot *snapshot,
	const struct mv_peer_snapshot *peer, uint64_t now_s, bool color)
{
	struct report report = {.style = color ? &colored : &plain, .now_s = now_s};
	char *text = NULL;
	size_t len;

	report.out = open_memstream(&text, &len);
	if (report.out == NULL) {
		return NULL;
	}
	bool whole = print_all(&report, device, snapshot, peer);
	whole = !ferror(report.out) && whole;
	if (fclose(report.out) != 0 || !whole) {
		free(text);
		return NULL;
	}
	return text;
}

char *mv_report_text(
	const char *device, const struct mv_snapshot *snapshot, uint64_t now_s, bool color)
{
	return make_text(device, snapshot, NULL, now_s, color);
}

char *mv_report_peer_text(const struct mv_snapshot *snapshot, const struct mv_peer_snapshot *peer,
	uint64_t now_s, bool color)
{
	return make_text(NULL, snapshot, peer, now_s, color);
}
