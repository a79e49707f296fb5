#include "edge/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "edge/sockaddr.h"

#define PAUSE_FIRST_MS UINT64_C(1000)
#define PAUSE_MAX_MS   UINT64_C(20000)

/* One name. It owns itself: it goes when its handle is closed and no request of it is under way. */
struct query {
	LIST_ENTRY(query) entry;
	struct mv_resolver *resolver; /* NULL: nobody waits for the answer any more */
	uv_getaddrinfo_t request;
	uv_timer_t retry;
	bool is_under_way, is_closed;
	bool has_failed; /* one line in the log is enough */
	uint64_t pause_ms;
	uint8_t public_key[MV_KEY_LEN];
	char service[sizeof("65535")];
	char host[];
};

struct mv_resolver {
	uv_loop_t *loop;
	struct mv_log log;
	mv_resolved *resolved;
	void *ctx;
	LIST_HEAD(, query) queries;
};

static void ask(struct query *query);

static void free_if_done(struct query *query)
{
	if (query->is_closed && !query->is_under_way) {
		free(query);
	}
}

static void on_closed(uv_handle_t *handle)
{
	struct query *query = handle->data;

	query->is_closed = true;
	free_if_done(query);
}

static void finish(struct query *query)
{
	LIST_REMOVE(query, entry);
	query->resolver = NULL;
	if (query->is_under_way) {
		uv_cancel((uv_req_t *)&query->request);
	}
	uv_close((uv_handle_t *)&query->retry, on_closed);
}

static void on_retry(uv_timer_t *timer)
{
	ask(timer->data);
}

static void try_later(struct query *query, const char *reason)
{
	const struct mv_log *log = &query->resolver->log;

	mv_log(log, query->has_failed ? MV_LOG_DEBUG : MV_LOG_WARNING,
		"endpoint %s:%s: %s; trying again in the background", query->host, query->service,
		reason);
	query->has_failed = true;
	uv_timer_start(&query->retry, on_retry, query->pause_ms, 0);
	query->pause_ms += query->pause_ms / 5;
	if (query->pause_ms > PAUSE_MAX_MS) {
		query->pause_ms = PAUSE_MAX_MS;
	}
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
	struct query *query = request->data;
	struct mv_resolver *resolver = query->resolver;
	struct mv_endpoint endpoint;

	query->is_under_way = false;
	if (!resolver) {
		free_if_done(query);
	} else if (status < 0) {
		try_later(query, uv_strerror(status));
	} else if (!mv_sockaddr_to_endpoint(&endpoint, addresses->ai_addr)) {
		try_later(query, "no IPv4 or IPv6 address");
	} else {
		char text[MV_ENDPOINT_TEXT_MAX];

		mv_log(&resolver->log, MV_LOG_INFO, "endpoint %s:%s is %s", query->host,
			query->service, mv_endpoint_print(text, &endpoint));
		resolver->resolved(resolver->ctx, query->public_key, &endpoint);
		finish(query);
	}
	uv_freeaddrinfo(addresses);
}

static void ask(struct query *query)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP};

	int error = uv_getaddrinfo(query->resolver->loop, &query->request, on_answer, query->host,
		query->service, &hints);
	if (error < 0) {
		try_later(query, uv_strerror(error));
	} else {
		query->is_under_way = true;
	}
}

int mv_resolver_create(struct mv_resolver **created, uv_loop_t *loop, const struct mv_log *log,
	mv_resolved *resolved, void *ctx)
{
	struct mv_resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver) {
		return -ENOMEM;
	}
	resolver->loop = loop;
	resolver->log = *log;
	resolver->resolved = resolved;
	resolver->ctx = ctx;
	LIST_INIT(&resolver->queries);
	*created = resolver;
	return 0;
}

int mv_resolver_add(struct mv_resolver *resolver, const uint8_t public_key[static MV_KEY_LEN],
	const char *host, uint16_t port)
{
	struct query *query = calloc(1, sizeof(*query) + strlen(host) + 1);

	if (!query) {
		return -ENOMEM;
	}
	query->resolver = resolver;
	query->pause_ms = PAUSE_FIRST_MS;
	query->request.data = query;
	query->retry.data = query;
	memcpy(query->public_key, public_key, MV_KEY_LEN);
	memcpy(query->host, host, strlen(host) + 1);
	snprintf(query->service, sizeof(query->service), "%u", (unsigned)port);
	uv_timer_init(resolver->loop, &query->retry);
	LIST_INSERT_HEAD(&resolver->queries, query, entry);
	ask(query);
	return 0;
}

void mv_resolver_close(struct mv_resolver *resolver)
{
	if (!resolver) {
		return;
	}
	while (!LIST_EMPTY(&resolver->queries)) {
		finish(LIST_FIRST(&resolver->queries));
	}
	free(resolver);
}
