/*
 * A configuration while it is being read: what the checks of the whole file need beyond the result,
 * and where the reader stands, so that a message names its line and key by itself. Internal to
 * config/; a draft belongs to one thread.
 */
#ifndef MV_CONFIG_DRAFT_H
#define MV_CONFIG_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "config/config.h"
#include "config/messages.h"

enum mv_section {
	MV_SECTION_NONE,    /* before the first header */
	MV_SECTION_UNKNOWN, /* reported; what follows is skipped */
	MV_SECTION_INTERFACE,
	MV_SECTION_PEER,
};

/*
 * What a key sets. Two keys may set the same: a key's text, and the file that it stands in. Those
 * of [Peer] come first, since each peer keeps an array of them.
 */
enum mv_setting {
	MV_SETTING_PUBLIC_KEY,
	MV_SETTING_NAME,
	MV_SETTING_PRESHARED_KEY,
	MV_SETTING_ALLOWED_IPS,
	MV_SETTING_EXCLUDED_IPS,
	MV_SETTING_ENDPOINT,
	MV_SETTING_RESOLVE_INTERVAL,
	MV_SETTING_KEEPALIVE,
	MV_SETTING_OF_PEER_COUNT,
	MV_SETTING_PRIVATE_KEY = MV_SETTING_OF_PEER_COUNT,
	MV_SETTING_ADDRESS,
	MV_SETTING_LISTEN_PORT,
	MV_SETTING_FWMARK,
	MV_SETTING_MTU,
	MV_SETTING_DNS,
	MV_SETTING_TABLE,
	MV_SETTING_PRE_UP,
	MV_SETTING_POST_UP,
	MV_SETTING_PRE_DOWN,
	MV_SETTING_POST_DOWN,
	MV_SETTING_SAVE_CONFIG,
	MV_SETTING_DEVICE,
	MV_SETTING_LANES,
	MV_SETTING_OFFLOAD,
	MV_SETTING_NAMESPACE,
	MV_SETTING_SOCKET_NAMESPACE,
	MV_SETTING_COUNT,
};

/* The key that set it last, and where its value stands; line 0: none did. */
struct mv_given {
	const char *key;
	unsigned line;
	unsigned column;
};

struct mv_draft_prefix {
	struct mv_prefix prefix;
	struct mv_prefix written; /* of which this is what ExcludedIPs leave */
	unsigned line;
	unsigned column;
	size_t peer; /* its index; of no meaning for the interface's own addresses */
};

struct mv_draft_prefixes {
	struct mv_draft_prefix *list; /* in the order of the file */
	size_t count, capacity;
};

/* What is not in mv_config_peer, at the same index. */
struct mv_draft_peer {
	unsigned column; /* of its [Peer] */
	struct mv_given given[MV_SETTING_OF_PEER_COUNT];
	bool has_public_key;
};

/*
 * The value being read, as the parsers see it and as it stands in the file, where it may have
 * spaces more. A parser goes through a value from its beginning to its end, so the way from one to
 * the other begins where it last ended.
 */
struct mv_draft_value {
	const char *text;
	const char *raw; /* NULL: the same */
	unsigned column;
	size_t passed, raw_passed;
};

/* Commands one behind the other, each with its line before it. */
struct mv_draft_hooks {
	char *records; /* locked */
	size_t length, capacity;
	size_t count;
};

struct mv_draft {
	struct mv_config *config;
	const char *path;
	struct mv_messages messages;
	struct mv_place place; /* what messages speak of */
	struct mv_draft_value value;
	char *compact; /* locked; room for a value without its spaces */
	size_t compact_size;
	enum mv_section section;
	bool section_has_spaces; /* "[ Interface ]" */
	unsigned section_line;
	unsigned interface_line, interface_column; /* of the first [Interface]; 0: there is none */
	struct mv_given given[MV_SETTING_COUNT];
	bool has_private_key;
	bool has_inline_secret; /* the file itself holds a private or pre-shared key */
	struct mv_draft_prefixes addresses;
	struct mv_draft_prefixes allowed_ips, excluded_ips; /* those of all peers */
	struct mv_draft_hooks hooks[MV_HOOK_COUNT];
	struct mv_draft_peer *peers;
	size_t peer_capacity;
	bool out_of_memory;
};

/* false: out of memory. The path must outlive the draft. */
bool mv_draft_init(struct mv_draft *draft, const char *path);

/* Wipes and frees all of it, ->config too unless that was taken (made NULL). */
void mv_draft_uninit(struct mv_draft *draft);

/* Says of what place the next messages speak. Column 0: of the line as a whole. */
void mv_draft_place(struct mv_draft *draft, unsigned line, unsigned column, const char *key);

/*
 * The value of the key at hand, which begins in this column: what follows speaks of it. Returns it
 * as its parser is to have it, or NULL without memory.
 */
char *mv_draft_begin_value(
	struct mv_draft *draft, char *value, unsigned column, bool without_spaces);

/* Says that the next messages speak of what begins here in that value. */
void mv_draft_point(struct mv_draft *draft, const char *at);

void mv_draft_error(struct mv_draft *draft, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void mv_draft_warning(struct mv_draft *draft, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends a peer with no settings. */
void mv_draft_add_peer(struct mv_draft *draft);

/* The peer whose section is being read. There is one. */
struct mv_config_peer *mv_draft_peer(struct mv_draft *draft);

/* Who gave this setting in the section being read. */
struct mv_given *mv_draft_given(struct mv_draft *draft, enum mv_setting setting);

/* Appends; the place and the peer are those being read. */
void mv_draft_add_prefix(
	struct mv_draft *draft, struct mv_draft_prefixes *prefixes, const struct mv_prefix *prefix);

/* Appends it with its own place and peer. */
void mv_draft_append_prefix(struct mv_draft *draft, struct mv_draft_prefixes *prefixes,
	const struct mv_draft_prefix *prefix);

#endif
