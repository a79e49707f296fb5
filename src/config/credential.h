/*
 * The credentials that systemd gives a service (systemd.exec(5), LoadCredential=): files in a
 * folder of its own, which the environment names. A peer file names one as credential:NAME. Any
 * thread.
 */
#ifndef MV_CONFIG_CREDENTIAL_H
#define MV_CONFIG_CREDENTIAL_H

enum mv_credential_verdict {
	MV_CREDENTIAL_OK,
	MV_CREDENTIAL_BAD_NAME,  /* systemd would not take it either */
	MV_CREDENTIAL_NO_FOLDER, /* CREDENTIALS_DIRECTORY is not set: systemd did not start us */
	MV_CREDENTIAL_NO_MEMORY,
};

/* The NAME of "credential:NAME", within the value; NULL: this is the path of a file. */
const char *mv_credential_of_value(const char *value);

/* Where it is, to be freed; whether it is there is not looked at. NULL but for MV_CREDENTIAL_OK. */
enum mv_credential_verdict mv_credential_path(char **path, const char *name);

/*
 * How a peer file names the file of this path: "credential:NAME" for a credential of this service,
 * else the path itself. To be freed; NULL without memory.
 */
char *mv_credential_value(const char *path);

#endif
