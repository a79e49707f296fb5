/*
 * Requests of the control socket. The lines of a set are in uapi_set, replies in uapi_print and
 * uapi_parse.
 */
#include "control/uapi.h"

#include <sodium.h>
#include <string.h>

struct request {
	const char *line;
	enum mv_uapi_request kind;
};

static const struct request requests[] = {
	{"get=1\n", MV_UAPI_GET},
	{"status=1\n", MV_UAPI_STATUS},
	{"set=1\n", MV_UAPI_SET},
};

static const struct request *find_request(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		size_t line_len = strlen(requests[i].line);

		if (memcmp(text, requests[i].line, len < line_len ? len : line_len) == 0) {
			return &requests[i];
		}
	}
	return NULL;
}

/* The empty line may have come in two pieces: the look begins one byte before the new ones. */
static const char *find_end(const char *text, size_t len, size_t *seen)
{
	size_t from = *seen > 0 ? *seen - 1 : 0;

	*seen = len;
	return memmem(text + from, len - from, "\n\n", 2);
}

enum mv_uapi_request mv_uapi_classify(const char *text, size_t len, size_t *seen, size_t *used)
{
	const struct request *request;
	const char *end;

	if (len == 0) {
		return MV_UAPI_INCOMPLETE;
	}
	request = find_request(text, len);
	if (request == NULL) {
		return MV_UAPI_UNKNOWN;
	}
	end = find_end(text, len, seen);
	if (end == NULL) {
		return MV_UAPI_INCOMPLETE;
	}
	*seen = 0;
	*used = (size_t)(end - text) + 2;
	if (request->kind != MV_UAPI_SET && *used != strlen(request->line) + 1) {
		return MV_UAPI_BAD_REQUEST;
	}
	return request->kind;
}

void mv_uapi_free(char *text)
{
	sodium_free(text);
}
