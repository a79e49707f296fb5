#include "config/config.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "config/check.h"
#include "config/draft.h"
#include "config/entries.h"
#include "config/ini.h"
#include "config/textfile.h"

static int read_text(struct mv_draft *draft, const struct mv_textfile *file)
{
	int rc = mv_ini_parse(file->text, file->length, &mv_entries_handler, draft);

	if (rc < 0) {
		return rc;
	}
	mv_check_draft(draft);
	mv_draft_place(draft, 0, 0, NULL);
	if (draft->has_inline_secret && file->others_may_read) {
		mv_draft_warning(draft, "others may read this file and the key in it: chmod 600 %s",
			draft->path);
	}
	return 0;
}

static int read_file(struct mv_draft *draft)
{
	struct mv_textfile file;
	int rc = mv_textfile_read(&file, draft->path, MV_TEXTFILE_PEER_FILE_MAX);

	if (rc == -EISDIR || rc == -ENODEV || rc == -EFBIG) {
		mv_draft_place(draft, 0, 0, NULL);
		mv_draft_error(draft, "%s", mv_textfile_reason(rc));
		return 0;
	}
	if (rc < 0) {
		return rc;
	}
	mv_textfile_hash(draft->config->text_hash, &file);
	rc = read_text(draft, &file);
	mv_textfile_free(&file);
	return rc;
}

/* Hands over what the draft has made. */
static struct mv_config *take_config(struct mv_draft *draft)
{
	struct mv_config *config = draft->config;

	config->messages = draft->messages.list;
	config->message_count = draft->messages.count;
	config->valid = !draft->messages.has_error;
	draft->messages = (struct mv_messages){0};
	draft->config = NULL;
	return config;
}

int mv_config_load(struct mv_config **config, const char *path)
{
	struct mv_draft draft;
	int rc;

	*config = NULL;
	if (!mv_draft_init(&draft, path)) {
		return -ENOMEM;
	}
	rc = read_file(&draft);
	if (draft.out_of_memory || draft.messages.out_of_memory) {
		rc = -ENOMEM;
	}
	if (rc == 0) {
		*config = take_config(&draft);
	}
	mv_draft_uninit(&draft);
	return rc;
}

void mv_config_destroy(struct mv_config *config)
{
	if (!config) {
		return;
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		free(config->peers[i].preshared_key_file);
		free(config->peers[i].allowed_ips);
		free(config->peers[i].excluded_ips);
		free(config->peers[i].written_ips);
		mv_endpoints_clear(&config->peers[i].endpoint_list);
		free(config->peers[i].endpoints);
	}
	sodium_free(config->peers);
	free(config->private_key_file);
	for (size_t i = 0; i < config->search_domain_count; i++) {
		free(config->search_domains[i]);
	}
	free(config->search_domains);
	free(config->nameservers);
	for (size_t i = 0; i < MV_HOOK_COUNT; i++) {
		sodium_free(config->hooks[i].list);
	}
	free(config->addresses);
	free(config->device_namespace);
	free(config->socket_namespace);
	mv_messages_free(config->messages, config->message_count);
	sodium_free(config);
}

void mv_config_lock_memory(struct mv_config *config)
{
	(void)sodium_mlock(config, sizeof(*config));
	if (config->peers) {
		(void)sodium_mlock(config->peers, config->peer_count * sizeof(*config->peers));
	}
	for (size_t i = 0; i < MV_HOOK_COUNT; i++) {
		struct mv_config_hooks *hooks = &config->hooks[i];

		if (hooks->list) {
			(void)sodium_mlock(hooks->list, hooks->count * sizeof(*hooks->list));
		}
	}
}

static int add_allowed_ips(struct mv_changes *changes, const struct mv_config_peer *peer)
{
	int rc = mv_changes_add(changes, MV_CHANGE_REPLACE_ALLOWED_IPS);

	for (size_t i = 0; rc == 0 && i < peer->allowed_ip_count; i++) {
		rc = mv_changes_add_prefix(changes, MV_CHANGE_ALLOWED_IP, &peer->allowed_ips[i]);
	}
	return rc;
}

int mv_config_peer_changes(const struct mv_config_peer *peer, struct mv_changes *changes)
{
	int rc = mv_changes_add_key(changes, MV_CHANGE_PEER, peer->public_key);

	if (rc == 0 && *peer->name) {
		rc = mv_changes_add_text(changes, MV_CHANGE_NAME, peer->name);
	}
	if (rc == 0 && !sodium_is_zero(peer->preshared_key, MV_KEY_LEN)) {
		rc = mv_changes_add_key(changes, MV_CHANGE_PRESHARED_KEY, peer->preshared_key);
	}
	if (rc == 0 && peer->preshared_key_file) {
		rc = mv_changes_add_text(
			changes, MV_CHANGE_PRESHARED_KEY_FILE, peer->preshared_key_file);
	}
	if (rc == 0 && peer->endpoints) {
		rc = mv_changes_add_text(changes, MV_CHANGE_ENDPOINTS, peer->endpoints);
	}
	if (rc == 0) {
		rc = mv_changes_add_keepalive(changes, peer->persistent_keepalive_s);
	}
	if (rc == 0) {
		rc = add_allowed_ips(changes, peer);
	}
	return rc;
}

int mv_config_changes(const struct mv_config *config, struct mv_changes *changes)
{
	int rc = mv_changes_add_key(changes, MV_CHANGE_PRIVATE_KEY, config->private_key);

	if (rc == 0 && config->fwmark != 0) {
		rc = mv_changes_add_number(changes, MV_CHANGE_FWMARK, config->fwmark);
	}
	for (size_t i = 0; rc == 0 && i < config->peer_count; i++) {
		rc = mv_config_peer_changes(&config->peers[i], changes);
	}
	return rc;
}
