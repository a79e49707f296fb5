#include "edge/resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/sockaddr.h"
#include "tunnel/endpoints.h"

#define PAUSE_FIRST_MS UINT64_C(1000)

/* Without an address. A question to servers that are silent takes 4 s, or 10 s where there are
 * three of them, which is the most, and in it each is asked twice (edge/names): so a server that
 * comes back is asked within 10 s. */
#define PAUSE_MAX_MS UINT64_C(3000)

/* A question that takes longer had to wait for others, since the resolver is asked only so many at
 * once. If it failed all the same, its name makes way for those that may have an address: the pause
 * is longer by so many times of what it waited, up to an end. */
#define QUESTION_MAX_MS UINT64_C(10000)
#define MAKE_WAY_TIMES  4
#define MAKE_WAY_MAX_MS UINT64_C(30000)

/* With one. After so long without a question the pauses begin anew. */
#define AGAIN_MAX_MS   UINT64_C(20000)
#define AGAIN_RESET_MS UINT64_C(60000)

/* It owns itself: it goes when its handle is closed and no request of it is under way. */
struct mv_name {
	mv_name_changed *changed; /* NULL: nobody waits for the answer any more */
	void *ctx;
	uv_loop_t *loop;
	struct mv_log log;
	uv_getaddrinfo_t request;
	uv_timer_t timer; /* of the next question that is asked unbidden */
	bool is_under_way, is_closed, was_answered;
	const char *trouble;
	uint64_t asked_ms, pause_ms;
	uint32_t interval_s;
	struct mv_endpoint addresses[MV_NAME_ADDRESSES_MAX];
	size_t count;
	uint16_t port;
	char host[MV_HOST_NAME_MAX];
};

static void ask(struct mv_name *name);

static const char *print(char text[static MV_ENDPOINTS_ENTRY_TEXT_MAX], struct mv_name *name)
{
	const struct mv_endpoints_entry entry = {.host = name->host, .port = name->port};

	return mv_endpoints_print_entry(text, &entry);
}

static void free_if_done(struct mv_name *name)
{
	if (name->is_closed && !name->is_under_way) {
		free(name);
	}
}

static void on_closed(uv_handle_t *handle)
{
	struct mv_name *name = handle->data;

	name->is_closed = true;
	free_if_done(name);
}

static void on_timer(uv_timer_t *timer)
{
	ask(timer->data);
}

static void grow_pause(struct mv_name *name, uint64_t max_ms)
{
	name->pause_ms += name->pause_ms / 5;
	if (name->pause_ms > max_ms) {
		name->pause_ms = max_ms;
	}
}

/* By how much the question that is under way, or just over, took too long. */
static uint64_t excess_ms(const struct mv_name *name)
{
	uint64_t passed_ms = uv_now(name->loop) - name->asked_ms;

	return passed_ms > QUESTION_MAX_MS ? passed_ms - QUESTION_MAX_MS : 0;
}

static uint64_t make_way_ms(const struct mv_name *name)
{
	uint64_t pause_ms = MAKE_WAY_TIMES * excess_ms(name);

	return pause_ms < MAKE_WAY_MAX_MS ? pause_ms : MAKE_WAY_MAX_MS;
}

static void plan_next(struct mv_name *name)
{
	if (name->count == 0) {
		uv_timer_start(&name->timer, on_timer, name->pause_ms + make_way_ms(name), 0);
		grow_pause(name, PAUSE_MAX_MS);
	} else if (name->interval_s > 0) {
		uv_timer_start(&name->timer, on_timer, name->interval_s * UINT64_C(1000), 0);
	}
}

/* One line in the log is enough for a row of failures. */
static void fail(struct mv_name *name, const char *reason)
{
	char text[MV_ENDPOINTS_ENTRY_TEXT_MAX];
	bool is_first = !name->was_answered;

	mv_log(&name->log, name->trouble ? MV_LOG_DEBUG : MV_LOG_WARNING, "endpoint %s: %s; %s",
		print(text, name), reason,
		name->count == 0 ? "trying again in the background"
				 : "what was known of it before stays");
	name->trouble = reason;
	name->was_answered = true;
	plan_next(name);
	if (is_first) {
		name->changed(name->ctx);
	}
}

static bool contains(const struct mv_endpoint *list, size_t count, const struct mv_endpoint *one)
{
	size_t i = 0;

	while (i < count && !mv_endpoint_equal(&list[i], one)) {
		i++;
	}
	return i < count;
}

/* What has no port of its own: the service is not asked for. */
static size_t read_addresses(struct mv_endpoint list[static MV_NAME_ADDRESSES_MAX],
	const struct addrinfo *answer, uint16_t port)
{
	size_t count = 0;

	for (; answer && count < MV_NAME_ADDRESSES_MAX; answer = answer->ai_next) {
		struct mv_endpoint endpoint;

		if (mv_sockaddr_to_endpoint(&endpoint, answer->ai_addr)) {
			endpoint.port = port;
			if (!contains(list, count, &endpoint)) {
				list[count++] = endpoint;
			}
		}
	}
	return count;
}

static bool is_known(const struct mv_name *name, const struct mv_endpoint *list, size_t count)
{
	size_t i = 0;

	while (i < count && contains(name->addresses, name->count, &list[i])) {
		i++;
	}
	return i == count && count == name->count;
}

static void log_addresses(struct mv_name *name)
{
	char text[MV_ENDPOINTS_ENTRY_TEXT_MAX], address[MV_ENDPOINT_TEXT_MAX];
	char list[MV_NAME_ADDRESSES_MAX * (MV_ENDPOINT_TEXT_MAX + 2)];
	int len = 0;

	for (size_t i = 0; i < name->count; i++) {
		len += snprintf(list + len, sizeof(list) - (size_t)len, "%s%s", i > 0 ? ", " : "",
			mv_endpoint_print(address, &name->addresses[i]));
	}
	mv_log(&name->log, MV_LOG_INFO, "endpoint %s is %s", print(text, name), list);
}

static void take(struct mv_name *name, const struct mv_endpoint *list, size_t count)
{
	bool is_new = !is_known(name, list, count);

	name->trouble = NULL;
	name->was_answered = true;
	if (is_new) {
		memcpy(name->addresses, list, count * sizeof(*list));
		name->count = count;
		name->pause_ms = PAUSE_FIRST_MS;
		log_addresses(name);
	}
	plan_next(name);
	if (is_new) {
		name->changed(name->ctx);
	}
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *answer)
{
	struct mv_endpoint list[MV_NAME_ADDRESSES_MAX];
	struct mv_name *name = request->data;

	name->is_under_way = false;
	if (!name->changed) {
		free_if_done(name);
	} else if (status < 0) {
		fail(name, uv_strerror(status));
	} else {
		size_t count = read_addresses(list, answer, name->port);

		if (count > 0) {
			take(name, list, count);
		} else {
			fail(name, "no IPv4 or IPv6 address");
		}
	}
	uv_freeaddrinfo(answer);
}

static void ask(struct mv_name *name)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP};

	if (name->is_under_way) {
		return;
	}
	uv_timer_stop(&name->timer);
	name->asked_ms = uv_now(name->loop);
	int error = uv_getaddrinfo(name->loop, &name->request, on_answer, name->host, NULL, &hints);
	if (error < 0) {
		fail(name, uv_strerror(error));
	} else {
		name->is_under_way = true;
	}
}

struct mv_name *mv_name_open(uv_loop_t *loop, const struct mv_log *log, const char *host,
	uint16_t port, mv_name_changed *changed, void *ctx)
{
	struct mv_name *name = calloc(1, sizeof(*name));

	if (!name) {
		return NULL;
	}
	name->changed = changed;
	name->ctx = ctx;
	name->loop = loop;
	name->log = *log;
	name->pause_ms = PAUSE_FIRST_MS;
	name->port = port;
	snprintf(name->host, sizeof(name->host), "%s", host);
	uv_timer_init(loop, &name->timer);
	name->request.data = name->timer.data = name;
	return name;
}

void mv_name_ask(struct mv_name *name)
{
	uint64_t passed_ms = uv_now(name->loop) - name->asked_ms;

	if (name->count > 0 && passed_ms > AGAIN_RESET_MS) {
		name->pause_ms = PAUSE_FIRST_MS;
	} else if (name->was_answered && (name->count == 0 || passed_ms < name->pause_ms)) {
		return; /* What has no address is asked for anyway. */
	}
	if (name->count > 0) {
		grow_pause(name, AGAIN_MAX_MS);
	}
	ask(name);
}

void mv_name_set_interval(struct mv_name *name, uint32_t interval_s)
{
	if (name->interval_s == interval_s) {
		return;
	}
	name->interval_s = interval_s;
	if (name->count > 0 && !name->is_under_way) {
		uv_timer_stop(&name->timer);
		plan_next(name);
	}
}

void mv_name_hurry(struct mv_name *name)
{
	bool was_asked = name->was_answered || name->is_under_way;

	if (!was_asked || name->count > 0) {
		return;
	}
	name->pause_ms = PAUSE_FIRST_MS;
	if (name->is_under_way) {
		name->asked_ms = uv_now(name->loop); /* How long it took does not count. */
	} else if (uv_now(name->loop) - name->asked_ms >= PAUSE_FIRST_MS) {
		ask(name);
	} else {
		plan_next(name);
	}
}

const struct mv_endpoint *mv_name_addresses(const struct mv_name *name, size_t *count)
{
	*count = name->count;
	return name->addresses;
}

bool mv_name_was_answered(const struct mv_name *name)
{
	return name->was_answered;
}

const char *mv_name_trouble(const struct mv_name *name)
{
	bool is_overdue = name->is_under_way && excess_ms(name) > 0;

	return is_overdue && !name->trouble ? "no answer yet" : name->trouble;
}

bool mv_name_is_of(const struct mv_name *name, const char *host, uint16_t port)
{
	return port == name->port && strcmp(host, name->host) == 0;
}

void mv_name_close(struct mv_name *name)
{
	if (!name) {
		return;
	}
	name->changed = NULL;
	if (name->is_under_way) {
		uv_cancel((uv_req_t *)&name->request);
	}
	uv_close((uv_handle_t *)&name->timer, on_closed);
}
