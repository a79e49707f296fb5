/*
 * A peer file, checked: what `minivpn up FILE` needs to know. Reads the INI through config/ini,
 * checks every value, and reports all that is wrong at once. It reads the key files that the INI
 * names, the system's names of routing tables where one is needed, and nothing else; it resolves no
 * name and touches no device. Any thread; called by cli before the tunnel exists.
 */
#ifndef MV_CONFIG_CONFIG_H
#define MV_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "config/textfile.h"
#include "crypto/x25519.h"
#include "tunnel/change.h"
#include "tunnel/endpoints.h"

#define MV_DEVICE_NAME_MAX 16 /* IFNAMSIZ, with the terminator */

/* One sentence about the file. line 0: the file as a whole. */
struct mv_config_message {
	bool is_error; /* else a warning */
	unsigned line;
	unsigned column; /* in bytes, from 1; 0: the line as a whole */
	char *text; /* "AllowedIPs: '10.0.0.0/33': the prefix length of an IPv4 address is 0 to 32"
		     */
};

struct mv_config_peer {
	unsigned line; /* of its [Peer] */
	uint8_t public_key[MV_KEY_LEN];
	char name[MV_PEER_NAME_MAX];       /* empty: none */
	uint8_t preshared_key[MV_KEY_LEN]; /* all zero: none */
	char *preshared_key_file; /* where it was read, from the root on; NULL: in the file itself
				   */
	struct mv_prefix *allowed_ips; /* host bits cleared; what ExcludedIPs leave of them */
	size_t allowed_ip_count;
	struct mv_prefix *excluded_ips;
	size_t excluded_ip_count;
	/* Where something is excluded, for each of the allowed: that of the file which it is, or
	 * of which it is left. Else NULL. */
	struct mv_prefix *written_ips;
	struct mv_endpoints endpoint_list; /* empty: it has to call first */
	char *endpoints;                   /* the same as text, NULL if it is empty */
	uint16_t persistent_keepalive_s;
};

#define MV_CONFIG_LANES_MAX 16

/* Which routing table the routes go into. */
enum mv_table_kind {
	MV_TABLE_AUTO, /* not said: the main one, and one of its own for a default route */
	MV_TABLE_OFF,  /* none: no routes */
	MV_TABLE_NUMBER,
};

/* When a command of the file is run. */
enum mv_hook {
	MV_HOOK_PRE_UP,
	MV_HOOK_POST_UP,
	MV_HOOK_PRE_DOWN,
	MV_HOOK_POST_DOWN,
	MV_HOOK_COUNT,
};

struct mv_config_hook {
	unsigned line;
	char *command; /* as it stands in the file; %i stands for the device */
};

/* Commands may hold secrets: they lie in locked memory, together with their list. */
struct mv_config_hooks {
	struct mv_config_hook *list; /* in the order of the file */
	size_t count;
};

struct mv_config {
	char device[MV_DEVICE_NAME_MAX];
	uint8_t private_key[MV_KEY_LEN]; /* clamped */
	char *private_key_file;          /* as preshared_key_file of a peer */
	uint32_t mtu;                    /* 0: not given */
	uint32_t lanes;                  /* 0: not given */
	uint32_t fwmark;                 /* 0: none */
	enum mv_table_kind table_kind;   /* of the routes */
	uint32_t table;                  /* its number, where the kind is NUMBER */
	struct mv_config_hooks hooks[MV_HOOK_COUNT];
	uint8_t text_hash[MV_TEXTFILE_HASH_LEN]; /* of the whole file, as it was read */
	/* Network namespaces, by name or absolute path, of the device and all that belongs to it,
	 * and of the UDP sockets; NULL: that in which the tunnel is set up. */
	char *device_namespace, *socket_namespace;
	struct mv_prefix *addresses; /* host bits kept */
	size_t address_count;
	struct mv_ip *nameservers; /* each once, in the order of the file */
	size_t nameserver_count;
	char **search_domains; /* likewise */
	size_t search_domain_count;
	struct mv_config_peer *peers;
	size_t peer_count;
	struct mv_config_message *messages; /* in the order of lines and columns */
	size_t message_count;
	uint16_t listen_port; /* 0: the kernel chooses */
	bool device_is_named; /* by Device = or by the file's name, not the default */
	bool fwmark_is_given; /* also as none */
	bool saves_config;
	bool without_offload; /* packets go through the kernel one by one */
	bool valid;           /* no message is an error */
};

/*
 * Reads the file. 0 when the file could be opened, whatever it says: look at ->valid and
 * ->messages, and at the rest only if it is valid. -errno when it could not be read at all, or
 * -ENOMEM; *config is NULL then. Keys live in locked memory, so sodium_init comes first.
 */
int mv_config_load(struct mv_config **config, const char *path);

/* The key that gives it: "PreUp", "PostUp", "PreDown" or "PostDown". */
const char *mv_hook_name(enum mv_hook hook);

/* Wipes and frees; NULL is allowed. */
void mv_config_destroy(struct mv_config *config);

/* Locks are not inherited: to be called by the child of a process that loaded it. What the system
 * refuses to lock stays as it is. */
void mv_config_lock_memory(struct mv_config *config);

/* The change list that makes a peer out of nothing. 0 or -ENOMEM. */
int mv_config_peer_changes(const struct mv_config_peer *peer, struct mv_changes *changes);

/* The change list that makes an empty device be what the file says. 0 or -ENOMEM. */
int mv_config_changes(const struct mv_config *config, struct mv_changes *changes);

#endif
