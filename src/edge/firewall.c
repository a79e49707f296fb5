#include "edge/firewall.h"

#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libnftables.so.1"

/* What wg-quick calls its tables: who looks after such rules knows the name. */
#define TABLE_PREFIX "wg-quick-"
#define TABLE_MAX    (sizeof(TABLE_PREFIX) + IF_NAMESIZE)

struct library {
	void *handle;
	__typeof__(nft_ctx_new) *create;
	__typeof__(nft_ctx_free) *free;
	__typeof__(nft_ctx_buffer_error) *buffer_error;
	__typeof__(nft_ctx_get_error_buffer) *get_error;
	__typeof__(nft_run_cmd_from_buffer) *run;
};

/* A pointer to a function is none to an object in ISO C; POSIX has dlsym return it all the same. */
static bool find(void *handle, const char *name, void *function)
{
	void *found = dlsym(handle, name);

	memcpy(function, &found, sizeof(found));
	return found != NULL;
}

static int load(struct library *library)
{
	library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle) {
		return -ELIBACC;
	}
	if (find(library->handle, "nft_ctx_new", &library->create) &&
		find(library->handle, "nft_ctx_free", &library->free) &&
		find(library->handle, "nft_ctx_buffer_error", &library->buffer_error) &&
		find(library->handle, "nft_ctx_get_error_buffer", &library->get_error) &&
		find(library->handle, "nft_run_cmd_from_buffer", &library->run)) {
		return 0;
	}
	dlclose(library->handle);
	return -ELIBACC;
}

/* The first line of what the library says tells what is wrong; the others show the command. */
static void copy_why(char why[static MV_FIREWALL_WHY_MAX], const char *said)
{
	snprintf(why, MV_FIREWALL_WHY_MAX, "%.*s", (int)strcspn(said, "\n"), said);
}

static int run(const char *commands, char why[static MV_FIREWALL_WHY_MAX])
{
	struct library library;
	int error = load(&library);

	why[0] = '\0';
	if (error < 0) {
		return error;
	}
	struct nft_ctx *context = library.create(0);
	if (!context) {
		error = -ENOMEM;
	} else {
		library.buffer_error(context);
		if (library.run(context, commands) != 0) {
			copy_why(why, library.get_error(context));
			error = -EPROTO;
		}
		library.free(context);
	}
	dlclose(library.handle);
	return error;
}

static const char *family_word(enum mv_family family)
{
	return family == MV_FAMILY_IPV4 ? "ip" : "ip6";
}

/* A device may have characters in its name that a table may not. */
static void print_table(char table[static TABLE_MAX], const char *device)
{
	snprintf(table, TABLE_MAX, TABLE_PREFIX "%s", device);
	for (char *c = table; *c; c++) {
		if (*c == '=' || *c == '+') {
			*c = '_';
		}
	}
}

static void print_guards(FILE *out, const char *device, enum mv_family family,
	const struct mv_prefix *addresses, size_t count)
{
	const char *word = family_word(family);
	char address[MV_IP_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		if (addresses[i].ip.family == family) {
			fprintf(out,
				"    iifname != \"%s\" %s daddr %s fib saddr type != local drop\n",
				device, word, mv_ip_print(address, &addresses[i].ip));
		}
	}
}

/* Also where there is none. */
static void print_removal(FILE *out, const char *table, enum mv_family family)
{
	const char *word = family_word(family);

	fprintf(out, "add table %s %s\ndelete table %s %s\n", word, table, word, table);
}

static char *print_addition(const char *device, enum mv_family family, uint32_t mark,
	const struct mv_prefix *addresses, size_t count)
{
	char table[TABLE_MAX];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		return NULL;
	}
	print_table(table, device);
	/* One that a tunnel left behind goes in the same transaction. */
	print_removal(out, table, family);
	fprintf(out,
		"table %s %s {\n"
		"  chain preraw {\n"
		"    type filter hook prerouting priority -300;\n",
		family_word(family), table);
	print_guards(out, device, family, addresses, count);
	fprintf(out,
		"  }\n"
		"  chain premangle {\n"
		"    type filter hook prerouting priority -150;\n"
		"    meta l4proto udp meta mark set ct mark\n"
		"  }\n"
		"  chain postmangle {\n"
		"    type filter hook postrouting priority -150;\n"
		"    meta l4proto udp mark %u ct mark set mark\n"
		"  }\n"
		"}\n",
		(unsigned)mark);
	return fclose(out) == 0 ? text : NULL;
}

int mv_firewall_add(const char *device, enum mv_family family, uint32_t mark,
	const struct mv_prefix *addresses, size_t count, char why[static MV_FIREWALL_WHY_MAX])
{
	char *commands = print_addition(device, family, mark, addresses, count);
	int error = commands ? run(commands, why) : -ENOMEM;

	free(commands);
	return error;
}

int mv_firewall_remove(
	const char *device, enum mv_family family, char why[static MV_FIREWALL_WHY_MAX])
{
	char table[TABLE_MAX];
	char *commands = NULL;
	size_t len;
	FILE *out = open_memstream(&commands, &len);

	if (!out) {
		return -ENOMEM;
	}
	print_table(table, device);
	print_removal(out, table, family);
	int error = fclose(out) == 0 ? run(commands, why) : -ENOMEM;

	free(commands);
	return error;
}
