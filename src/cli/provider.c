#include "cli/provider.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define VARIABLE "MINIVPN_AEAD"

#define NAMES_MAX 64

static enum mv_exit refuse(const char *name, const char *why)
{
	char names[NAMES_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; mv_aead_providers[i] && len < sizeof(names); i++) {
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
			i > 0 ? " or " : "", mv_aead_providers[i]->name);
	}
	return mv_command_failed(
		VARIABLE "=%s in the environment: %s; write %s, or nothing", name, why, names);
}

static enum mv_aead_check check(const struct mv_aead_provider *provider)
{
	uint8_t seed[MV_AEAD_SEED_LEN];

	randombytes_buf(seed, sizeof(seed));
	return mv_aead_check(provider, seed);
}

static enum mv_exit take_named(const struct mv_aead_provider **chosen, const char *name)
{
	const struct mv_aead_provider *provider = mv_aead_find(name);

	if (!provider) {
		return refuse(name, "this build has none of that name");
	}
	switch (check(provider)) {
	case MV_AEAD_AGREES:
		*chosen = provider;
		return MV_EXIT_DONE;
	case MV_AEAD_UNAVAILABLE:
		return refuse(name, "this processor cannot do it");
	case MV_AEAD_DIFFERS:
		break;
	}
	return refuse(name, "it does not do what libsodium does");
}

enum mv_exit mv_provider_choose(const struct mv_aead_provider **chosen, const struct mv_log *log)
{
	const char *name = getenv(VARIABLE);
	enum mv_aead_check verdict = MV_AEAD_UNAVAILABLE;

	if (name && *name) {
		return take_named(chosen, name);
	}
	for (size_t i = 0; mv_aead_providers[i] && verdict != MV_AEAD_AGREES; i++) {
		*chosen = mv_aead_providers[i];
		verdict = check(*chosen);
		if (verdict == MV_AEAD_DIFFERS) {
			mv_log(log, MV_LOG_WARNING,
				"%s does not do what libsodium does on this machine, and is not "
				"used; please report it",
				(*chosen)->name);
		}
	}
	mv_log(log, MV_LOG_DEBUG, "packets are sealed by %s", (*chosen)->name);
	return MV_EXIT_DONE;
}
