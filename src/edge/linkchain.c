#include "edge/linkchain.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A path on its way. */
struct walk {
	char done[PATH_MAX]; /* from the root on, without links; the root itself is empty */
	char rest[PATH_MAX]; /* below that */
};

static int add(struct mv_linkchain *chain, const char *path)
{
	char *copy = strdup(path);

	if (!copy) {
		return -ENOMEM;
	}
	chain->paths[chain->count++] = copy;
	return 0;
}

static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash) {
		*slash = '\0';
	}
}

/* Takes the next part from the rest; it has no length at the end. */
static size_t take_part(struct walk *walk, char part[static PATH_MAX])
{
	const char *from = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(from, "/");

	memcpy(part, from, length);
	part[length] = '\0';
	memmove(walk->rest, from + length, strlen(from + length) + 1);
	return length;
}

static int go_down(struct walk *walk, const char *part)
{
	size_t length = strlen(walk->done);
	size_t room = sizeof(walk->done) - length;

	return snprintf(walk->done + length, room, "/%s", part) < (int)room ? 0 : -ENAMETOOLONG;
}

/* What the link says comes before the rest. */
static int follow_link(struct walk *walk, const char *target)
{
	char rest[PATH_MAX];

	if (snprintf(rest, sizeof(rest), "%s%s", target, walk->rest) >= (int)sizeof(rest)) {
		return -ENAMETOOLONG;
	}
	memcpy(walk->rest, rest, sizeof(rest));
	if (*target == '/') {
		walk->done[0] = '\0';
	} else {
		go_up(walk->done);
	}
	return 0;
}

static int step(struct mv_linkchain *chain, struct walk *walk, const char *part)
{
	char target[PATH_MAX];

	if (strcmp(part, ".") == 0) {
		return 0;
	}
	if (strcmp(part, "..") == 0) {
		go_up(walk->done);
		return 0;
	}
	int error = go_down(walk, part);
	ssize_t length = error == 0 ? readlink(walk->done, target, sizeof(target) - 1) : -1;
	if (length < 0) {
		return error;
	}
	target[length] = '\0';
	error = add(chain, walk->done);
	return error == 0 ? follow_link(walk, target) : error;
}

int mv_linkchain_follow(struct mv_linkchain *chain, const char *path)
{
	char part[PATH_MAX];
	struct walk walk = {.done = ""};
	int error = 0;

	*chain = (struct mv_linkchain){0};
	if (snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= (int)sizeof(walk.rest)) {
		return -ENAMETOOLONG;
	}
	while (error == 0 && chain->count < MV_LINKCHAIN_MAX && take_part(&walk, part) > 0) {
		error = step(chain, &walk, part);
	}
	if (error == 0 && chain->count < MV_LINKCHAIN_MAX) {
		error = add(chain, walk.done);
	}
	if (error < 0) {
		mv_linkchain_clear(chain);
	}
	return error;
}

bool mv_linkchain_equal(const struct mv_linkchain *a, const struct mv_linkchain *b)
{
	size_t i = 0;

	while (i < a->count && i < b->count && strcmp(a->paths[i], b->paths[i]) == 0) {
		i++;
	}
	return i == a->count && i == b->count;
}

void mv_linkchain_clear(struct mv_linkchain *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		free(chain->paths[i]);
	}
	*chain = (struct mv_linkchain){0};
}
