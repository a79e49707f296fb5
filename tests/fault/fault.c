#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "require.h"

/* What the linker puts in a call's place, and the name under which it leaves the true one. */
#define WRAP(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

/* That a caller of recvmmsg has at the most. */
#define MESSAGES_MAX 64

#define PRINTF(format_at, arguments_at) __attribute__((format(printf, format_at, arguments_at)))

static _Thread_local unsigned calls_left; /* 0: not armed */
static _Thread_local const char *struck;

static struct {
	pthread_mutex_t mutex;
	const char *call;
	int fd, error;
	unsigned left;
} strike = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct {
	pthread_mutex_t mutex;
	int fd;
	size_t room; /* 0: as much as there is */
} clip = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static atomic_long live_allocations;

/* By number */

void fault_arm(unsigned n)
{
	calls_left = n;
	struck = NULL;
}

const char *fault_disarm(void)
{
	calls_left = 0;
	return struck;
}

static bool fails(const char *call)
{
	if (calls_left == 0 || --calls_left > 0) {
		return false;
	}
	struck = call;
	return true;
}

static bool fails_with(const char *call, int error)
{
	if (!fails(call)) {
		return false;
	}
	errno = error;
	return true;
}

static bool is_one_of(const char *call, const char *const *calls)
{
	while (*calls && strcmp(*calls, call) != 0) {
		calls++;
	}
	return *calls != NULL;
}

unsigned fault_each(const char *what, fault_attempt *attempt, const char *const *bearable)
{
	const char *refused = "";
	unsigned n = 0;

	while (refused) {
		long live = fault_live_allocations();
		unsigned descriptors = fault_open_descriptors();

		int error = attempt(++n, &refused);
		if (refused ? error == 0 && !is_one_of(refused, bearable) : error != 0) {
			fprintf(stderr, "%s: call %u (%s) refused: it says %d\n", what, n,
				refused ? refused : "none", error);
			abort();
		}
		if (fault_live_allocations() != live || fault_open_descriptors() != descriptors) {
			fprintf(stderr, "%s: call %u (%s) refused: leaves something behind\n", what,
				n, refused ? refused : "none");
			abort();
		}
	}
	printf("%s: each of %u calls was refused once\n", what, n - 1);
	return n - 1;
}

/* By name */

void fault_strike(const char *call, int fd, int error, unsigned times)
{
	pthread_mutex_lock(&strike.mutex);
	strike.call = call;
	strike.fd = fd;
	strike.error = error;
	strike.left = times;
	pthread_mutex_unlock(&strike.mutex);
}

unsigned fault_left(void)
{
	pthread_mutex_lock(&strike.mutex);
	unsigned left = strike.left;
	pthread_mutex_unlock(&strike.mutex);
	return left;
}

static bool is_struck(const char *call, int fd)
{
	pthread_mutex_lock(&strike.mutex);
	bool hit = strike.left > 0 && strike.fd == fd && strcmp(strike.call, call) == 0;
	int error = strike.error;
	strike.left -= hit;
	pthread_mutex_unlock(&strike.mutex);
	if (hit) {
		errno = error;
	}
	return hit;
}

void fault_clip(int fd, size_t room)
{
	pthread_mutex_lock(&clip.mutex);
	clip.fd = fd;
	clip.room = room;
	pthread_mutex_unlock(&clip.mutex);
}

static void clip_room(int fd, struct iovec *iov)
{
	pthread_mutex_lock(&clip.mutex);
	if (clip.room > 0 && clip.fd == fd && iov->iov_len > clip.room) {
		iov->iov_len = clip.room;
	}
	pthread_mutex_unlock(&clip.mutex);
}

/* Memory */

static void *allocated(void *memory)
{
	if (memory) {
		atomic_fetch_add(&live_allocations, 1);
	}
	return memory;
}

static void freed(const void *memory)
{
	if (memory) {
		atomic_fetch_sub(&live_allocations, 1);
	}
}

long fault_live_allocations(void)
{
	return atomic_load(&live_allocations);
}

WRAP(void *, malloc, size_t size)
{
	return fails_with("malloc", ENOMEM) ? NULL : allocated(__real_malloc(size));
}

WRAP(void *, calloc, size_t count, size_t size)
{
	return fails_with("calloc", ENOMEM) ? NULL : allocated(__real_calloc(count, size));
}

WRAP(void *, realloc, void *memory, size_t size)
{
	if (fails_with("realloc", ENOMEM)) {
		return NULL;
	}
	void *moved = __real_realloc(memory, size);
	return memory ? moved : allocated(moved);
}

WRAP(void *, aligned_alloc, size_t alignment, size_t size)
{
	return fails_with("aligned_alloc", ENOMEM)
		       ? NULL
		       : allocated(__real_aligned_alloc(alignment, size));
}

WRAP(void, free, void *memory)
{
	freed(memory);
	__real_free(memory);
}

WRAP(char *, strdup, const char *text)
{
	return fails_with("strdup", ENOMEM) ? NULL : allocated(__real_strdup(text));
}

WRAP(char *, strndup, const char *text, size_t len)
{
	return fails_with("strndup", ENOMEM) ? NULL : allocated(__real_strndup(text, len));
}

PRINTF(2, 0) static int print(char **text, const char *format, va_list arguments)
{
	if (fails_with("vasprintf", ENOMEM)) {
		return -1;
	}
	va_list again;
	va_copy(again, arguments);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	REQUIRE(len >= 0);
	*text = allocated(__real_malloc((size_t)len + 1));
	return *text ? vsnprintf(*text, (size_t)len + 1, format, arguments) : -1;
}

WRAP(PRINTF(2, 0) int, vasprintf, char **text, const char *format, va_list arguments)
{
	return print(text, format, arguments);
}

WRAP(PRINTF(2, 3) int, asprintf, char **text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int len = print(text, format, arguments);
	va_end(arguments);
	return len;
}

/* What these two are called where the C library checks its callers. */
WRAP(PRINTF(3, 0) int, __vasprintf_chk, char **text, int flag, const char *format,
	va_list arguments)
{
	(void)flag;
	return print(text, format, arguments);
}

WRAP(PRINTF(3, 4) int, __asprintf_chk, char **text, int flag, const char *format, ...)
{
	va_list arguments;

	(void)flag;
	va_start(arguments, format);
	int len = print(text, format, arguments);
	va_end(arguments);
	return len;
}

WRAP(void *, sodium_malloc, size_t size)
{
	return fails_with("sodium_malloc", ENOMEM) ? NULL : allocated(__real_sodium_malloc(size));
}

WRAP(void *, sodium_allocarray, size_t count, size_t size)
{
	return fails_with("sodium_allocarray", ENOMEM)
		       ? NULL
		       : allocated(__real_sodium_allocarray(count, size));
}

WRAP(void, sodium_free, void *memory)
{
	freed(memory);
	__real_sodium_free(memory);
}

WRAP(int, sodium_mlock, void *memory, size_t size)
{
	return fails_with("sodium_mlock", EPERM) ? -1 : __real_sodium_mlock(memory, size);
}

/* For libuv's own: counted, never refused. It ends the process where it has no memory. */
static void *uv_counted_malloc(size_t size)
{
	return allocated(__real_malloc(size));
}

static void *uv_counted_calloc(size_t count, size_t size)
{
	return allocated(__real_calloc(count, size));
}

static void *uv_counted_realloc(void *memory, size_t size)
{
	void *moved = __real_realloc(memory, size);

	return memory ? moved : allocated(moved);
}

void fault_init(void)
{
	REQUIRE(uv_replace_allocator(uv_counted_malloc, uv_counted_realloc, uv_counted_calloc,
			__wrap_free) == 0);
}

/* Descriptors */

unsigned fault_open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	REQUIRE(folder);
	while (readdir(folder)) {
		count++;
	}
	closedir(folder);
	return count;
}

WRAP(int, open, const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return fails_with("open", EMFILE) ? -1 : __real_open(path, flags, mode);
}

WRAP(int, access, const char *path, int mode)
{
	return fails_with("access", EROFS) ? -1 : __real_access(path, mode);
}

WRAP(FILE *, fdopen, int fd, const char *mode)
{
	return fails_with("fdopen", ENOMEM) ? NULL : __real_fdopen(fd, mode);
}

WRAP(FILE *, fmemopen, void *memory, size_t size, const char *mode)
{
	return fails_with("fmemopen", ENOMEM) ? NULL : __real_fmemopen(memory, size, mode);
}

WRAP(int, fsync, int fd)
{
	return fails_with("fsync", EIO) ? -1 : __real_fsync(fd);
}

WRAP(int, rename, const char *from, const char *to)
{
	return fails_with("rename", EACCES) ? -1 : __real_rename(from, to);
}

WRAP(int, mkdir, const char *path, mode_t mode)
{
	return fails_with("mkdir", EROFS) ? -1 : __real_mkdir(path, mode);
}

WRAP(int, fstat, int fd, struct stat *st)
{
	return fails_with("fstat", EIO) ? -1 : __real_fstat(fd, st);
}

WRAP(int, socket, int domain, int type, int protocol)
{
	return fails_with("socket", EMFILE) ? -1 : __real_socket(domain, type, protocol);
}

WRAP(int, bind, int fd, const struct sockaddr *address, socklen_t len)
{
	return fails_with("bind", EACCES) ? -1 : __real_bind(fd, address, len);
}

WRAP(int, setsockopt, int fd, int level, int option, const void *value, socklen_t len)
{
	return fails_with("setsockopt", ENOBUFS) ? -1
						 : __real_setsockopt(fd, level, option, value, len);
}

WRAP(int, getsockname, int fd, struct sockaddr *address, socklen_t *len)
{
	return fails_with("getsockname", ENOBUFS) ? -1 : __real_getsockname(fd, address, len);
}

WRAP(int, timerfd_create, clockid_t clock, int flags)
{
	return fails_with("timerfd_create", EMFILE) ? -1 : __real_timerfd_create(clock, flags);
}

WRAP(ssize_t, read, int fd, void *bytes, size_t room)
{
	return fails_with("read", EIO) || is_struck("read", fd) ? -1 : __real_read(fd, bytes, room);
}

WRAP(ssize_t, write, int fd, const void *bytes, size_t len)
{
	return fails_with("write", ENOSPC) || is_struck("write", fd) ? -1
								     : __real_write(fd, bytes, len);
}

WRAP(ssize_t, recvmsg, int fd, struct msghdr *message, int flags)
{
	clip_room(fd, message->msg_iov);
	return is_struck("recvmsg", fd) ? -1 : __real_recvmsg(fd, message, flags);
}

WRAP(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
	return is_struck("sendmsg", fd) ? -1 : __real_sendmsg(fd, message, flags);
}

/* The calls that carry many are struck by the names of those that carry one. */

WRAP(ssize_t, readv, int fd, const struct iovec *pieces, int count)
{
	return fails_with("readv", EIO) || is_struck("read", fd) ? -1
								 : __real_readv(fd, pieces, count);
}

WRAP(ssize_t, writev, int fd, const struct iovec *pieces, int count)
{
	return fails_with("writev", ENOSPC) || is_struck("write", fd)
		       ? -1
		       : __real_writev(fd, pieces, count);
}

WRAP(int, recvmmsg, int fd, struct mmsghdr *messages, unsigned count, int flags,
	struct timespec *timeout)
{
	size_t lens[MESSAGES_MAX];

	REQUIRE(count <= MESSAGES_MAX);
	for (unsigned i = 0; i < count; i++) {
		lens[i] = messages[i].msg_hdr.msg_iov->iov_len;
		clip_room(fd, messages[i].msg_hdr.msg_iov);
	}
	int received = is_struck("recvmsg", fd)
			       ? -1
			       : __real_recvmmsg(fd, messages, count, flags, timeout);

	/* The caller's own stays as it was. */
	for (unsigned i = 0; i < count; i++) {
		messages[i].msg_hdr.msg_iov->iov_len = lens[i];
	}
	return received;
}

WRAP(int, sendmmsg, int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return is_struck("sendmsg", fd) ? -1 : __real_sendmmsg(fd, messages, count, flags);
}

WRAP(int, poll, struct pollfd *watched, nfds_t count, int timeout_ms)
{
	return count == 1 && is_struck("poll", watched->fd)
		       ? 0
		       : __real_poll(watched, count, timeout_ms);
}

/* libmnl */

WRAP(struct mnl_socket *, mnl_socket_open2, int bus, int flags)
{
	return fails_with("mnl_socket_open2", EMFILE) ? NULL : __real_mnl_socket_open2(bus, flags);
}

WRAP(int, mnl_socket_bind, struct mnl_socket *socket, unsigned groups, pid_t port)
{
	return fails_with("mnl_socket_bind", EPERM) ? -1
						    : __real_mnl_socket_bind(socket, groups, port);
}

WRAP(ssize_t, mnl_socket_sendto, const struct mnl_socket *socket, const void *bytes, size_t len)
{
	return fails_with("mnl_socket_sendto", ENOBUFS)
		       ? -1
		       : __real_mnl_socket_sendto(socket, bytes, len);
}

WRAP(ssize_t, mnl_socket_recvfrom, const struct mnl_socket *socket, void *bytes, size_t room)
{
	return fails_with("mnl_socket_recvfrom", ENOBUFS)
		       ? -1
		       : __real_mnl_socket_recvfrom(socket, bytes, room);
}

/* libuv */

WRAP(int, uv_loop_init, uv_loop_t *loop)
{
	return fails("uv_loop_init") ? UV_EMFILE : __real_uv_loop_init(loop);
}

WRAP(int, uv_mutex_init, uv_mutex_t *mutex)
{
	return fails("uv_mutex_init") ? UV_ENOMEM : __real_uv_mutex_init(mutex);
}

WRAP(int, uv_async_init, uv_loop_t *loop, uv_async_t *async, uv_async_cb callback)
{
	return fails("uv_async_init") ? UV_EMFILE : __real_uv_async_init(loop, async, callback);
}

WRAP(int, uv_check_start, uv_check_t *check, uv_check_cb callback)
{
	return fails("uv_check_start") ? UV_EINVAL : __real_uv_check_start(check, callback);
}

WRAP(int, uv_prepare_start, uv_prepare_t *prepare, uv_prepare_cb callback)
{
	return fails("uv_prepare_start") ? UV_EINVAL : __real_uv_prepare_start(prepare, callback);
}

WRAP(int, uv_signal_start, uv_signal_t *handle, uv_signal_cb callback, int number)
{
	return fails("uv_signal_start") ? UV_EINVAL
					: __real_uv_signal_start(handle, callback, number);
}

WRAP(int, uv_poll_init, uv_loop_t *loop, uv_poll_t *poll, int fd)
{
	return fails("uv_poll_init") ? UV_EPERM : __real_uv_poll_init(loop, poll, fd);
}

WRAP(int, uv_poll_start, uv_poll_t *poll, int events, uv_poll_cb callback)
{
	return fails("uv_poll_start") ? UV_EEXIST : __real_uv_poll_start(poll, events, callback);
}

WRAP(int, uv_thread_create, uv_thread_t *thread, uv_thread_cb entry, void *arg)
{
	return fails("uv_thread_create") ? UV_EAGAIN : __real_uv_thread_create(thread, entry, arg);
}

WRAP(int, uv_getaddrinfo, uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb callback,
	const char *node, const char *service, const struct addrinfo *hints)
{
	return fails("uv_getaddrinfo")
		       ? UV_ENOMEM
		       : __real_uv_getaddrinfo(loop, request, callback, node, service, hints);
}
