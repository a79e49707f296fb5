/*
 * Which AEAD provider a tunnel uses: the best that is right, or the one that the environment
 * names. Called once, before there are threads; sodium_init must have been called.
 */
#ifndef MV_CLI_PROVIDER_H
#define MV_CLI_PROVIDER_H

#include "base/log.h"
#include "cli/command.h"
#include "crypto/aead_choose.h"

/* Prints why not. A provider that is not right is passed over with a warning. */
enum mv_exit mv_provider_choose(const struct mv_aead_provider **chosen, const struct mv_log *log);

#endif
