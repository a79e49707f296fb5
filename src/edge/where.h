/*
 * One list of endpoints with its names: turns them into the addresses that the device tries. What
 * edge/names has for each peer that was given one. Belongs to the control loop's thread.
 */
#ifndef MV_EDGE_WHERE_H
#define MV_EDGE_WHERE_H

#include "edge/resolve.h"
#include "tunnel/candidates.h"
#include "tunnel/device.h"

struct mv_where;

/* The text is as of tunnel/endpoints, and not empty. changed: as of mv_name_open. -EINVAL, -ENOMEM.
 */
int mv_where_create(struct mv_where **created, const char *text, uv_loop_t *loop,
	const struct mv_log *log, mv_name_changed *changed, void *ctx);

/* NULL is allowed. */
void mv_where_destroy(struct mv_where *where);

/* Names that are in both keep what is known of them. The old one is to be destroyed then. */
void mv_where_take_over(struct mv_where *where, struct mv_where *old);

/* Tells the device what is known now. False: there is no such peer. */
bool mv_where_install(struct mv_where *where, struct mv_device *device,
	const uint8_t public_key[static MV_KEY_LEN], const struct mv_log *log);

/* Asks for all names, as mv_name_ask; from then on by the interval, too. */
void mv_where_ask(struct mv_where *where);

/* As mv_name_hurry. */
void mv_where_hurry(struct mv_where *where);

/* As it was given. */
const char *mv_where_text(const struct mv_where *where);

/* "a.example:51820: unknown name; b.example:51820: timed out"; to be freed. NULL: nothing, or no
 * memory. */
char *mv_where_trouble(const struct mv_where *where);

#endif
