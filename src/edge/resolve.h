/*
 * One name of an endpoint, kept resolved in the background: it never blocks and never gives up,
 * since a machine that boots has no DNS yet. Until it has an address it is asked for again and
 * again, less often while many names fail; then only by its interval, or when somebody says that
 * the addresses may be wrong. Belongs to the control loop.
 */
#ifndef MV_EDGE_RESOLVE_H
#define MV_EDGE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/addr.h"
#include "base/log.h"

/* More of one name are not tried. */
#define MV_NAME_ADDRESSES_MAX 8

struct mv_name;

/* Called when there is something new to know: the first answer, of whatever kind, and other
 * addresses than before. The same in another order are not. */
typedef void mv_name_changed(void *ctx);

/* Asks nothing yet. The host, shorter than MV_HOST_NAME_MAX, is copied. NULL: no memory. */
struct mv_name *mv_name_open(uv_loop_t *loop, const struct mv_log *log, const char *host,
	uint16_t port, mv_name_changed *changed, void *ctx);

/* Asks, for the first time or again. Where it has addresses this is done after a pause that grows
 * from 1 s to 20 s with each time; what comes earlier is passed over. */
void mv_name_ask(struct mv_name *name);

/* How often it is to be asked while all is well; 0: never. */
void mv_name_set_interval(struct mv_name *name, uint32_t interval_s);

/* This machine has another way out: what has no address is asked for without delay. */
void mv_name_hurry(struct mv_name *name);

/* In the order of the system's resolver; *count 0: it has none yet. Those of the last answer that
 * had some. */
const struct mv_endpoint *mv_name_addresses(const struct mv_name *name, size_t *count);

/* There was an answer, or a refusal. */
bool mv_name_was_answered(const struct mv_name *name);

/* Why the last question failed, or that the answer is overdue; NULL: all is well. */
const char *mv_name_trouble(const struct mv_name *name);

bool mv_name_is_of(const struct mv_name *name, const char *host, uint16_t port);

/*
 * Calls back no more. The memory goes when the loop has run the close callbacks. A question that
 * the system's resolver is still busy with cannot be called off and keeps the loop from closing
 * until it is answered. NULL is allowed.
 */
void mv_name_close(struct mv_name *name);

#endif
