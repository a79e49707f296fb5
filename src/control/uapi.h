/*
 * The text of WireGuard's cross-platform userspace interface, both ways, as pure strings. `get=1`
 * is answered as other programs expect it; `status=1` is ours: the same lines without secrets, and
 * with what only minivpn can tell. Any thread.
 */
#ifndef MV_CONTROL_UAPI_H
#define MV_CONTROL_UAPI_H

#include <stddef.h>

#include "tunnel/change.h"
#include "tunnel/snapshot.h"

enum mv_uapi_request {
	MV_UAPI_INCOMPLETE, /* no empty line yet: read on */
	MV_UAPI_GET,
	MV_UAPI_STATUS,
	MV_UAPI_SET,
	MV_UAPI_BAD_REQUEST, /* get or status with lines that do not belong there: answer EINVAL */
	MV_UAPI_UNKNOWN,     /* not a request of ours: close the connection */
};

/*
 * Looks at what a client has sent so far. *used is the length of the request with its empty line,
 * so that the next one may follow on the same connection. A first line that can become no request
 * is UNKNOWN at once. *seen: how much of the text was looked at before, so that a long request is
 * not searched again for each piece of it; 0 at first, and after each request.
 */
enum mv_uapi_request mv_uapi_classify(const char *text, size_t len, size_t *seen, size_t *used);

/*
 * The lines of a set, up to its empty line, which is there, as changes to be applied together.
 * 0; -EINVAL: a value, an unknown key, or one in the wrong place; -EPROTO: a line without '=';
 * -ENOMEM. The text is taken apart. A scope that is the name of an interface is looked up.
 */
int mv_uapi_parse_set(struct mv_changes *changes, char *text, size_t len);

/*
 * The whole reply with errno=0 and the empty line, terminated; *len without the terminator. NULL:
 * no memory. The text of a get holds keys, so all of them lie in locked memory: give them to
 * mv_uapi_free, which wipes.
 */
char *mv_uapi_print_get(const struct mv_snapshot *snapshot, size_t *len);
char *mv_uapi_print_status(const struct mv_snapshot *snapshot, size_t *len);

/* A reply that is only errno=. Clients expect a positive number for a get, a negative one for a
 * set. */
char *mv_uapi_print_errno(int error, size_t *len);

/* A whole set, for a client. NULL: no memory. It may hold keys, as the text of a get does. */
char *mv_uapi_print_set(const struct mv_changes *changes, size_t *len);

/* NULL is allowed. */
void mv_uapi_free(char *text);

/*
 * Reads a reply to get or status back. Unknown keys are skipped. 0; -EPROTO for what is no reply;
 * the negated errno= of the reply if it is not 0; -ENOMEM.
 */
int mv_uapi_parse(struct mv_snapshot **snapshot, const char *text, size_t len);

#endif
