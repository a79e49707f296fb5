/*
 * What decides which file a path leads to: each link on the way, and the file itself. Whoever
 * watches all of them hears when the path leads elsewhere. Looks at the file system, and keeps
 * nothing of it but the text; from any thread.
 */
#ifndef MV_EDGE_LINKCHAIN_H
#define MV_EDGE_LINKCHAIN_H

#include <stdbool.h>
#include <stddef.h>

/* A path with more links is followed no further. */
#define MV_LINKCHAIN_LINKS_MAX 8
#define MV_LINKCHAIN_MAX       (MV_LINKCHAIN_LINKS_MAX + 1)

struct mv_linkchain {
	size_t count;
	char *paths[MV_LINKCHAIN_MAX]; /* in none is a link but, maybe, its last part */
};

/*
 * path: from the root on. What is not there, or may not be looked at, counts as no link, so there
 * is always a last one, unless there are too many links, as where they go round. -ENOMEM, or
 * -ENAMETOOLONG; then the chain is empty.
 */
int mv_linkchain_follow(struct mv_linkchain *chain, const char *path);
bool mv_linkchain_equal(const struct mv_linkchain *a, const struct mv_linkchain *b);
void mv_linkchain_clear(struct mv_linkchain *chain);

#endif
