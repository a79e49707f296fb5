/*
 * What a device with many peers costs: memory a peer, and the time to find one by destination, by
 * public key and by index. Each number of peers is measured in a process of its own, so that
 * nothing of the one before is left.
 *
 * Memory: "malloc" is what the device's allocations hold after its peers were added, malloc's own
 * overhead included, less what they held when it had none. Nothing of a device with peers is taken
 * elsewhere, and locked memory is malloc's too. "resident" is by how much the process grew in the
 * same time (VmRSS), with every index and every deadline of a peer in use. The bound is for both.
 *
 * Time: the median of many rounds, in time of the thread, so that other programs do not count. Two
 * numbers a lookup. "warm" asks for the same few peers again and again, so that all they need lies
 * in the processor's nearest cache: this is the work of a lookup. "random" asks for all peers in
 * random order: with the tables that no longer fit into the caches every step becomes slower, by
 * what the machine and its other programs leave of them, so that such a time grows faster than the
 * number of steps for any structure that has more than a cache full of memory.
 *
 * So this is what passes or fails. The steps, nodes of a trie or places of a table that a lookup
 * looks at, are the same in every run, and where the peers double there may be one more in the
 * mean: that is the logarithm. The warm times may not grow faster than the logarithm either, with
 * some room for noise. The random times are printed beside the same logarithm, for people to judge.
 */
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tunnel/device_state.h"

#define PEER_BYTES_MAX 6144 /* at JUDGED peers */
#define JUDGED         10000

/* How much faster than the logarithm the steps may grow, by the chance of what addresses were
 * drawn, and the warm times, by that of what else the machine does. */
#define STEPS_NOISE 1.1
#define TIME_NOISE  1.5

#define QUERIES    65536 /* a round */
#define ROUNDS     21
#define WARM_PEERS 8

static const uint32_t sizes[] = {10, 100, 1000, 10000, 100000};

#define SIZE_COUNT (sizeof(sizes) / sizeof(sizes[0]))

enum way { BY_IPV4, BY_IPV6, BY_KEY, BY_INDEX, WAYS };

static const char *const way_names[WAYS] = {
	"IPv4 destination", "IPv6 destination", "public key", "index"};

struct result {
	double malloc_bytes, resident_bytes, locked_bytes; /* a peer */
	double steps[WAYS];                                /* of all peers, the mean */
	size_t steps_max[WAYS];
	double warm_ns[WAYS], random_ns[WAYS];
};

/* What a peer is found by. */
struct query {
	struct mv_ip ip4, ip6;
	uint8_t key[MV_KEY_LEN];
	uint32_t index;
	uint32_t slot; /* where it has to be found */
};

struct bench {
	struct mv_device *device;
	uint32_t peers;
	struct query *queries; /* one a peer */
	uint8_t *questions;    /* QUERIES, and the slots that are the answers */
	uint32_t *answers;
};

static void require(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_peers: %s\n", what);
		exit(1);
	}
}

/* The same in every run. */
static void fill_random(void *ctx, void *out, size_t len)
{
	static uint64_t count;
	uint8_t seed[randombytes_SEEDBYTES] = {0};

	(void)ctx;
	mv_store_le64(seed, ++count);
	randombytes_buf_deterministic(out, len, seed);
}

static uint32_t draw(void)
{
	uint32_t number;

	fill_random(NULL, &number, sizeof(number));
	return number;
}

/* Memory */

struct memory {
	double allocated, resident, locked;
};

/* A line of /proc/self/status, which is in kB. */
static double status_bytes(const char *name)
{
	char line[256];
	double kilobytes = -1;
	FILE *file = fopen("/proc/self/status", "r");

	require(file, "no /proc");
	while (kilobytes < 0 && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) == 0) {
			kilobytes = strtod(line + strlen(name) + 1, NULL);
		}
	}
	fclose(file);
	require(kilobytes >= 0, "a line of /proc/self/status is missing");
	return 1024 * kilobytes;
}

static struct memory look_at_memory(void)
{
	malloc_trim(0);
	struct mallinfo2 info = mallinfo2();

	return (struct memory){.allocated = (double)info.uordblks + (double)info.hblkhd,
		.resident = status_bytes("VmRSS"),
		.locked = status_bytes("VmLck")};
}

/* Peers: IPv4 addresses in sequence, as people give them, and random IPv6 addresses of one /64 */

static void make_query(struct query *query, uint32_t number)
{
	query->ip4 = (struct mv_ip){.family = MV_FAMILY_IPV4};
	mv_store_be32(query->ip4.bytes, (UINT32_C(10) << 24) + number);
	query->ip6 = (struct mv_ip){.family = MV_FAMILY_IPV6, .bytes = {0xfd, [7] = 1}};
	fill_random(NULL, query->ip6.bytes + 8, 8);
	fill_random(NULL, query->key, MV_KEY_LEN);
	query->index = draw();
}

static int add_prefix(struct mv_changes *changes, const struct mv_ip *ip, uint8_t bits)
{
	const struct mv_prefix prefix = {.ip = *ip, .bits = bits};

	return mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &prefix);
}

/* One in sixteen has the network around itself as well, and so on upwards. */
static int add_networks(struct mv_changes *changes, const struct query *query, uint32_t number)
{
	int error = 0;

	for (unsigned level = 1; level <= 6 && number % (1U << 4 * level) == 0; level++) {
		error |= add_prefix(changes, &query->ip4, (uint8_t)(32 - 4 * level));
		error |= add_prefix(changes, &query->ip6, (uint8_t)(128 - 4 * level));
	}
	return error;
}

static void add_peers(struct bench *bench)
{
	const struct mv_endpoint endpoint = {
		.ip = {.family = MV_FAMILY_IPV4, .bytes = {192, 0, 2, 1}}, .port = 51820};
	const struct mv_now now = {.boot_ns = MV_NS_PER_S};
	struct mv_changes changes;
	int error = 0;

	mv_changes_init(&changes);
	for (uint32_t i = 0; i < bench->peers; i++) {
		const struct query *query = &bench->queries[i];

		error |= mv_changes_add_key(&changes, MV_CHANGE_PEER, query->key);
		error |= mv_changes_add_endpoint(&changes, MV_CHANGE_ENDPOINT, &endpoint);
		error |= add_prefix(&changes, &query->ip4, 32);
		error |= add_prefix(&changes, &query->ip6, 128);
		error |= add_networks(&changes, query, i);
	}
	require(error == 0, "no memory");
	require(mv_device_apply(bench->device, &changes, now) == 0, "the peers were refused");
	mv_changes_uninit(&changes);
}

/* As many indices as a peer can have, and a deadline. */
static void occupy(struct bench *bench, struct query *query)
{
	struct mv_indextable *indices = &bench->device->indices;
	const struct mv_peer *peer = mv_peertable_find(&bench->device->peers_by_key, query->key);

	require(peer, "a peer is missing");
	query->slot = peer->slot;
	while (!mv_indextable_insert(indices, query->index, MV_INDEX_KEYPAIR, peer->slot)) {
		query->index = draw();
	}
	for (unsigned more = 1; more < MV_INDICES_PER_PEER;) {
		more += mv_indextable_insert(indices, draw(), MV_INDEX_KEYPAIR, peer->slot);
	}
	mv_deadlines_set(&bench->device->deadlines, peer->slot, draw());
}

/* Steps */

/* Both tables probe place after place from the one where a hash says that the entry should be. */
static size_t probes(size_t home, size_t place, size_t capacity)
{
	return ((place - home) & (capacity - 1)) + 1;
}

static size_t place_of_key(
	const struct mv_peertable *table, const struct mv_peer *peer, size_t home)
{
	size_t place = home & (table->capacity - 1);

	while (table->entries[place] != peer) {
		place = (place + 1) & (table->capacity - 1);
	}
	return place;
}

static size_t steps_of(const struct bench *bench, const struct query *query, enum way way)
{
	const struct mv_peertable *peers = &bench->device->peers_by_key;
	const struct mv_indextable *indices = &bench->device->indices;
	size_t home;

	switch (way) {
	case BY_IPV4:
		return mv_allowedips_steps(bench->device->allowed_ips, &query->ip4);
	case BY_IPV6:
		return mv_allowedips_steps(bench->device->allowed_ips, &query->ip6);
	case BY_KEY:
		home = mv_load_le64(query->key);
		return probes(home,
			place_of_key(peers, mv_slab_at(&bench->device->peers, query->slot), home),
			peers->capacity);
	case BY_INDEX:
		return probes(query->index,
			(size_t)(mv_indextable_find(indices, query->index) - indices->entries),
			indices->capacity);
	case WAYS:
	default:
		return 0;
	}
}

static void count_steps(const struct bench *bench, struct result *result)
{
	for (unsigned way = 0; way < WAYS; way++) {
		size_t sum = 0;

		for (uint32_t i = 0; i < bench->peers; i++) {
			size_t steps = steps_of(bench, &bench->queries[i], (enum way)way);

			sum += steps;
			if (steps > result->steps_max[way]) {
				result->steps_max[way] = steps;
			}
		}
		result->steps[way] = (double)sum / bench->peers;
	}
}

/* Time */

static const size_t question_bytes[WAYS] = {4, 16, MV_KEY_LEN, sizeof(uint32_t)};

static uint32_t find(const struct mv_device *device, const uint8_t *question, enum way way)
{
	switch (way) {
	case BY_IPV4:
		return mv_allowedips_lookup4(device->allowed_ips, question);
	case BY_IPV6:
		return mv_allowedips_lookup6(device->allowed_ips, question);
	case BY_KEY:
		return mv_peertable_find(&device->peers_by_key, question)->slot;
	case BY_INDEX:
		return mv_indextable_find(&device->indices, mv_load_le32(question))->peer;
	case WAYS:
	default:
		return MV_NO_PEER;
	}
}

/* Questions lie one behind the other in the order in which they are asked, as packets do, so that
 * reading them costs next to nothing. */
static void write_question(uint8_t *question, const struct query *query, enum way way)
{
	switch (way) {
	case BY_IPV4:
		memcpy(question, query->ip4.bytes, 4);
		break;
	case BY_IPV6:
		memcpy(question, query->ip6.bytes, 16);
		break;
	case BY_KEY:
		memcpy(question, query->key, MV_KEY_LEN);
		break;
	case BY_INDEX:
		mv_store_le32(question, query->index);
		break;
	case WAYS:
	default:
		break;
	}
}

static void write_questions(struct bench *bench, enum way way, uint32_t among)
{
	for (uint32_t i = 0; i < QUERIES; i++) {
		const struct query *query = &bench->queries[draw() % among];

		write_question(bench->questions + i * question_bytes[way], query, way);
		bench->answers[i] = query->slot;
	}
}

static double thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* Of one lookup, in ns. What is found is checked, which also keeps the compiler from leaving it
 * out. */
static double time_round(const struct bench *bench, enum way way)
{
	uint32_t wrong = 0;
	double begin = thread_ns();

	for (uint32_t i = 0; i < QUERIES; i++) {
		wrong |= find(bench->device, bench->questions + i * question_bytes[way], way) ^
			 bench->answers[i];
	}
	double end = thread_ns();
	require(wrong == 0, "a lookup found another peer");
	return (end - begin) / QUERIES;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median_time(struct bench *bench, enum way way, uint32_t among)
{
	double rounds[ROUNDS];

	write_questions(bench, way, among);
	time_round(bench, way);
	for (size_t i = 0; i < ROUNDS; i++) {
		rounds[i] = time_round(bench, way);
	}
	qsort(rounds, ROUNDS, sizeof(rounds[0]), compare);
	return rounds[ROUNDS / 2];
}

static void take_times(struct bench *bench, struct result *result)
{
	for (unsigned i = 0; i < WAYS; i++) {
		result->warm_ns[i] = median_time(bench, (enum way)i, WARM_PEERS);
		result->random_ns[i] = median_time(bench, (enum way)i, bench->peers);
	}
}

/* One number of peers */

static void prepare(struct bench *bench)
{
	bench->queries = calloc(bench->peers, sizeof(*bench->queries));
	bench->questions = calloc(QUERIES, MV_KEY_LEN);
	bench->answers = calloc(QUERIES, sizeof(*bench->answers));
	require(bench->queries && bench->questions && bench->answers, "no memory");
	for (uint32_t i = 0; i < bench->peers; i++) {
		make_query(&bench->queries[i], i);
	}
}

static struct result measure(uint32_t peers)
{
	const struct mv_environment environment = {.random = fill_random};
	struct bench bench = {.peers = peers};
	struct result result = {0};

	prepare(&bench);
	require(mv_device_create(&bench.device, &environment) == 0, "no memory");
	struct memory before = look_at_memory();
	add_peers(&bench);
	for (uint32_t i = 0; i < peers; i++) {
		occupy(&bench, &bench.queries[i]);
	}
	struct memory after = look_at_memory();
	result.malloc_bytes = (after.allocated - before.allocated) / peers;
	result.resident_bytes = (after.resident - before.resident) / peers;
	result.locked_bytes = (after.locked - before.locked) / peers;
	count_steps(&bench, &result);
	take_times(&bench, &result);
	mv_device_destroy(bench.device);
	free(bench.queries);
	free(bench.questions);
	free(bench.answers);
	return result;
}

static struct result measure_apart(uint32_t peers)
{
	struct result result;
	int ends[2], status;

	require(pipe(ends) == 0, "no pipe");
	fflush(stdout);
	pid_t child = fork();
	require(child >= 0, "no process");
	if (child == 0) {
		result = measure(peers);
		require(write(ends[1], &result, sizeof(result)) == sizeof(result), "no pipe");
		exit(0);
	}
	close(ends[1]);
	bool is_whole = read(ends[0], &result, sizeof(result)) == sizeof(result);
	close(ends[0]);
	waitpid(child, &status, 0);
	require(is_whole && status == 0, "a measurement has failed");
	return result;
}

/* What comes out */

static void print_memory(const struct result results[static SIZE_COUNT])
{
	printf("Memory a peer, in bytes\n%10s %10s %10s %10s\n", "peers", "malloc", "resident",
		"of it locked");
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		printf("%10" PRIu32 " %10.0f %10.0f %10.0f\n", sizes[i], results[i].malloc_bytes,
			results[i].resident_bytes, results[i].locked_bytes);
	}
}

static void print_way(const struct result results[static SIZE_COUNT], unsigned way)
{
	const struct result *first = &results[0];

	printf("\nBy %s\n%10s %6s %13s %16s %18s\n", way_names[way], "peers", "log", "steps (most)",
		"warm, ns", "random, ns");
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		const struct result *result = &results[i];

		printf("%10" PRIu32 " %5.1fx %8.1f (%2zu) %9.1f %5.1fx %11.1f %5.1fx\n", sizes[i],
			log(sizes[i]) / log(sizes[0]), result->steps[way], result->steps_max[way],
			result->warm_ns[way], result->warm_ns[way] / first->warm_ns[way],
			result->random_ns[way], result->random_ns[way] / first->random_ns[way]);
	}
}

static bool judge(bool ok, const char *what, const char *where, uint32_t peers)
{
	if (!ok) {
		printf("FAILED: %s %s, %" PRIu32 " peers\n", what, where, peers);
	}
	return ok;
}

/* Against the smallest device of all. */
static bool judge_lookups(const struct result *first, const struct result *result, uint32_t peers)
{
	double doublings = log2((double)peers / sizes[0]);
	double growth = log(peers) / log(sizes[0]);
	bool ok = true;

	for (unsigned way = 0; way < WAYS; way++) {
		ok &= judge(result->steps[way] - first->steps[way] <= STEPS_NOISE * doublings,
			"too many steps by", way_names[way], peers);
		ok &= judge(result->warm_ns[way] <= TIME_NOISE * growth * first->warm_ns[way],
			"too long a time by", way_names[way], peers);
	}
	return ok;
}

static bool judge_memory(const struct result *result, uint32_t peers)
{
	bool ok = true;

	ok &= judge(result->malloc_bytes <= PEER_BYTES_MAX, "too much memory:", "malloc", peers);
	ok &= judge(
		result->resident_bytes <= PEER_BYTES_MAX, "too much memory:", "resident", peers);
	return ok;
}

int main(void)
{
	struct result results[SIZE_COUNT];
	bool ok = true;

	require(sodium_init() >= 0, "no libsodium");
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		results[i] = measure_apart(sizes[i]);
	}
	print_memory(results);
	for (unsigned way = 0; way < WAYS; way++) {
		print_way(results, way);
	}
	putchar('\n');
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		ok &= i == 0 || judge_lookups(&results[0], &results[i], sizes[i]);
		ok &= sizes[i] != JUDGED || judge_memory(&results[i], sizes[i]);
	}
	printf("%s: at %d peers at most %d bytes a peer, and nothing grows faster than the "
	       "logarithm\n",
		ok ? "ok" : "FAILED", JUDGED, PEER_BYTES_MAX);
	return ok ? 0 : 1;
}
