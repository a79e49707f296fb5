/*
 * Requests of the control socket. Replies are in uapi_print and uapi_parse.
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

enum mv_uapi_request mv_uapi_classify(const char *text, size_t len, size_t *used)
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
	end = memmem(text, len, "\n\n", 2);
	if (end == NULL) {
		return MV_UAPI_INCOMPLETE;
	}
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
