/*
 * The keys of a peer file, as a table: where each belongs, and what reads its value. Internal to
 * config/.
 */
#ifndef MV_CONFIG_FIELDS_H
#define MV_CONFIG_FIELDS_H

#include "config/draft.h"

#define MV_FIELDS_NAMES_MAX 256

/* A key of wg's own: white space within name and value means nothing, and is removed. The keys of
 * wg-quick and ours mean theirs. */
enum mv_dialect {
	MV_DIALECT_WG,
	MV_DIALECT_WG_QUICK,
	MV_DIALECT_MINIVPN,
};

enum mv_form {
	MV_FORM_ONE,        /* of several the last counts */
	MV_FORM_LIST,       /* several add up */
	MV_FORM_LOOSE_LIST, /* and may be empty */
	MV_FORM_COMMAND,    /* and are taken as they are written, with each '#' */
};

struct mv_field {
	const char *name;
	enum mv_section section;
	enum mv_dialect dialect;
	enum mv_form form;
	enum mv_setting setting;
	void (*parse)(struct mv_draft *draft, char *value);
};

/* Whatever the case; NULL if there is none. */
const struct mv_field *mv_fields_find(const char *name);

/* The one that was probably meant, of this section if possible; NULL if none is near. */
const struct mv_field *mv_fields_nearest(const char *name, enum mv_section section);

/* "Interface" or "Peer". */
const char *mv_fields_section_name(enum mv_section section);

/* The names of a section's keys: "PublicKey, PublicKeyFile, ...". Returns `text`. */
const char *mv_fields_names(char text[static MV_FIELDS_NAMES_MAX], enum mv_section section);

#endif
