/*
 * Servers and search domains of a tunnel, by resolvconf, whichever implementation of it there is. A
 * tunnel without them is still a tunnel: who calls decides that a failure is none of his. One
 * thread.
 */
#ifndef MV_CLI_DNS_H
#define MV_CLI_DNS_H

#include "cli/runner.h"
#include "config/config.h"

#define MV_DNS_NAME_MAX 64

/*
 * What resolvconf shall know the device by: where it sorts by the names of devices (Debian's, by
 * /etc/resolvconf/interface-order), with the prefix of those that come first. Returns `name`.
 */
const char *mv_dns_name(char name[static MV_DNS_NAME_MAX], const char *device);

/* The lines that resolvconf reads, to be freed; NULL without memory. */
char *mv_dns_text(const struct mv_config *config);

/* As mv_runner_run: 0 is done. */
int mv_dns_set(struct mv_runner *runner, const char *name, const char *text);
int mv_dns_remove(struct mv_runner *runner, const char *name);

/* A sentence's end for what they return if it is not 0. */
const char *mv_dns_reason(char reason[static MV_DNS_NAME_MAX], int status);

#endif
