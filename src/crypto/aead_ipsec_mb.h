/*
 * The AEAD by Intel's multi-buffer library, in builds that have it: several times as fast as
 * libsodium where the processor has AVX-512, a little faster where it has AVX2, and not used where
 * it has neither. Its burst interface is 3 % faster than one job at a time for packets of 64 bytes.
 *
 * Where keys are: the manager, in locked memory of ours, has the address of a key and no copy of
 * it. One-time keys and key stream lie on the stack while a message is worked on, and the library
 * wipes them and its registers behind each message (IMB_FEATURE_SAFE_DATA, without which it is not
 * used); tests/fault/test_aead_stack looks for what is left.
 */
#ifndef MV_CRYPTO_AEAD_IPSEC_MB_H
#define MV_CRYPTO_AEAD_IPSEC_MB_H

#include "crypto/aead.h"

extern const struct mv_aead_provider mv_aead_ipsec_mb;

#endif
