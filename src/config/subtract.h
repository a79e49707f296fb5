/*
 * Prefixes without others: what is left of a list when the addresses of a second list are taken
 * out of it. Pure; any thread.
 */
#ifndef MV_CONFIG_SUBTRACT_H
#define MV_CONFIG_SUBTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

/* What is left of one prefix: that itself, or a part of it. */
struct mv_rest {
	struct mv_prefix prefix;
	size_t of; /* its index in the list */
};

struct mv_subtraction {
	const struct mv_prefix *list; /* host bits cleared, as in `taken` */
	size_t count;
	const struct mv_prefix *taken;
	size_t taken_count;
	size_t most; /* parts: with more of them it gives up */

	struct mv_rest *rest; /* what comes out, to be freed by the caller */
	size_t rest_count;
	bool *takes; /* likewise: whether this one of `taken` has an address of the list */
};

/*
 * A prefix of which nothing is taken stays where it was. In the place of another one stand the
 * fewest prefixes that cover the rest of it, in order of address; but one that lies in another of
 * the list has gone with that, since the rest of the one is a part of the rest of the other.
 *
 * 0, -ENOMEM, or -E2BIG: there are more than `most` parts. Nothing comes out then.
 */
int mv_subtract(struct mv_subtraction *subtraction);

#endif
