#include "crypto/aead_ipsec_mb.h"

#include <assert.h>
#include <intel-ipsec-mb.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define NONCE_LEN 12

/* A burst: less than the library takes, and no more than stays near the processor. */
#define JOBS_AT_ONCE 64
static_assert(JOBS_AT_ONCE <= IMB_MAX_BURST_SIZE, "a burst");
static_assert(MV_AEAD_TAG_LEN == crypto_verify_16_BYTES, "a tag is compared in constant time");

struct state {
	IMB_MGR *manager;
	uint8_t nonces[JOBS_AT_ONCE][NONCE_LEN];
	uint8_t tags[JOBS_AT_ONCE][MV_AEAD_TAG_LEN];
	IMB_JOB *works[JOBS_AT_ONCE];
};

/* AVX2 is what it takes to be faster; and the code for processors without AVX leaves key stream on
 * the stack. */
static bool init_manager(IMB_MGR *manager)
{
	const uint64_t wanted = IMB_FEATURE_AVX2 | IMB_FEATURE_SAFE_DATA;
	IMB_ARCH arch;

	init_mb_mgr_auto(manager, &arch);
	return imb_get_errno(manager) == 0 && (manager->features & wanted) == wanted;
}

static void destroy(void *opaque)
{
	struct state *state = opaque;

	if (state) {
		sodium_free(state->manager);
		sodium_free(state);
	}
}

/* What sodium_malloc gives ends with a page: so a size that is a multiple of 64 makes it begin at
 * one, as the library wants it. */
static void *allocate_manager(void)
{
	return sodium_malloc((imb_get_mb_mgr_size() + 63) & ~(size_t)63);
}

static bool create(void **opaque)
{
	struct state *state = sodium_malloc(sizeof(*state));

	if (!state) {
		return false;
	}
	void *memory = allocate_manager();
	state->manager = memory ? imb_set_pointers_mb_mgr(memory, 0, 1) : NULL;
	if (!state->manager || !init_manager(state->manager)) {
		sodium_free(memory);
		sodium_free(state);
		return false;
	}
	*opaque = state;
	return true;
}

static void fill(struct state *state, const struct mv_aead_job *job, size_t i, bool seals)
{
	IMB_JOB *work = state->works[i];

	memset(state->nonces[i], 0, NONCE_LEN);
	mv_store_le64(state->nonces[i] + 4, job->counter);

	work->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	work->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	work->cipher_direction = seals ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	work->chain_order = seals ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	work->enc_keys = job->key;
	work->dec_keys = job->key;
	work->key_len_in_bytes = MV_AEAD_KEY_LEN;
	work->iv = state->nonces[i];
	work->iv_len_in_bytes = NONCE_LEN;
	work->src = job->text;
	work->dst = job->text;
	work->cipher_start_src_offset_in_bytes = 0;
	work->msg_len_to_cipher_in_bytes = job->text_len;
	work->hash_start_src_offset_in_bytes = 0;
	work->msg_len_to_hash_in_bytes = job->text_len;
	work->u.CHACHA20_POLY1305.aad = NULL;
	work->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
	work->auth_tag_output = state->tags[i];
	work->auth_tag_output_len_in_bytes = MV_AEAD_TAG_LEN;
}

/* At most JOBS_AT_ONCE. How many are done, from the first on: all, as long as the library does this
 * cipher at once; what it may have kept is flushed, since it must not outlive the batch. */
static size_t run(struct state *state, const struct mv_aead_job *jobs, size_t count, bool seals)
{
	IMB_MGR *manager = state->manager;
	uint32_t got = IMB_GET_NEXT_BURST(manager, (uint32_t)count, state->works);

	for (uint32_t i = 0; i < got; i++) {
		fill(state, &jobs[i], i, seals);
	}
	uint32_t done = IMB_SUBMIT_BURST_NOCHECK(manager, got, state->works);
	if (done < got) {
		done += IMB_FLUSH_BURST(manager, got - done, state->works + done);
	}
	return done;
}

static bool is_done(const struct state *state, size_t i, size_t done)
{
	return i < done && state->works[i]->status == IMB_STATUS_COMPLETED;
}

static size_t at_most(size_t count)
{
	return count < JOBS_AT_ONCE ? count : JOBS_AT_ONCE;
}

static void seal_batch(void *opaque, struct mv_aead_job *jobs, size_t count)
{
	struct state *state = opaque;

	for (size_t now; count > 0; jobs += now, count -= now) {
		now = at_most(count);
		size_t done = run(state, jobs, now, true);
		for (size_t i = 0; i < now; i++) {
			if (!is_done(state, i, done)) {
				/* Never seen; but if it is, nothing goes out in the clear. */
				sodium_memzero(jobs[i].text, jobs[i].text_len);
				memset(state->tags[i], 0, MV_AEAD_TAG_LEN);
			}
			memcpy(jobs[i].text + jobs[i].text_len, state->tags[i], MV_AEAD_TAG_LEN);
		}
	}
}

static void open_batch(void *opaque, struct mv_aead_job *jobs, size_t count)
{
	struct state *state = opaque;

	for (size_t now; count > 0; jobs += now, count -= now) {
		now = at_most(count);
		size_t done = run(state, jobs, now, false);
		for (size_t i = 0; i < now; i++) {
			jobs[i].ok = crypto_verify_16(jobs[i].text + jobs[i].text_len,
					     state->tags[i]) == 0 &&
				     is_done(state, i, done);
		}
	}
}

const struct mv_aead_provider mv_aead_ipsec_mb = {
	.name = "intel-ipsec-mb",
	.create = create,
	.destroy = destroy,
	.seal = seal_batch,
	.open = open_batch,
};
