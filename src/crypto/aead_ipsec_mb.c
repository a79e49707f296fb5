#include "crypto/aead_ipsec_mb.h"

#include <intel-ipsec-mb.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define NONCE_LEN 12

/* The library has a ring of jobs; this is less than it holds. */
#define JOBS_AT_ONCE 64

struct state {
	IMB_MGR *manager;
	uint8_t nonces[JOBS_AT_ONCE][NONCE_LEN];
	uint8_t tags[JOBS_AT_ONCE][MV_AEAD_TAG_LEN];
	bool done[JOBS_AT_ONCE];
};

/* AVX2 is what it takes to be faster. */
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

static void submit(struct state *state, const struct mv_aead_job *job, size_t i, bool seals)
{
	IMB_JOB *work = IMB_GET_NEXT_JOB(state->manager);

	memset(state->nonces[i], 0, NONCE_LEN);
	mv_store_le64(state->nonces[i] + 4, job->counter);
	state->done[i] = false;

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
	work->user_data = &state->done[i];
}

static void complete(const IMB_JOB *work)
{
	if (work) {
		*(bool *)work->user_data = work->status == IMB_STATUS_COMPLETED;
	}
}

/* At most JOBS_AT_ONCE; ->done and ->tags are of use afterwards. */
static void run(struct state *state, const struct mv_aead_job *jobs, size_t count, bool seals)
{
	const IMB_JOB *work;

	for (size_t i = 0; i < count; i++) {
		submit(state, &jobs[i], i, seals);
		complete(IMB_SUBMIT_JOB_NOCHECK(state->manager));
	}
	while ((work = IMB_FLUSH_JOB(state->manager))) {
		complete(work);
	}
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
		run(state, jobs, now, true);
		for (size_t i = 0; i < now; i++) {
			if (!state->done[i]) {
				/* Never seen; but if it is, nothing goes out in the clear. */
				sodium_memzero(jobs[i].text, jobs[i].text_len);
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
		run(state, jobs, now, false);
		for (size_t i = 0; i < now; i++) {
			jobs[i].ok = sodium_memcmp(jobs[i].text + jobs[i].text_len, state->tags[i],
					     MV_AEAD_TAG_LEN) == 0 &&
				     state->done[i];
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
