/*
 * The AEAD by Intel's multi-buffer library, in builds that have it: several times as fast as
 * libsodium where the processor has AVX-512. Its manager lies in locked memory of ours; the library
 * wipes registers and stack behind a key (IMB_FEATURE_SAFE_DATA, without which it is not used).
 */
#ifndef MV_CRYPTO_AEAD_IPSEC_MB_H
#define MV_CRYPTO_AEAD_IPSEC_MB_H

#include "crypto/aead.h"

extern const struct mv_aead_provider mv_aead_ipsec_mb;

#endif
