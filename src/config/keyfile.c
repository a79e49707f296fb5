#include "config/keyfile.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "config/textfile.h"

#define KEY_FILE_MAX_BYTES 256

const char *mv_keyfile_text_reason(enum mv_keytext_verdict verdict)
{
	switch (verdict) {
	case MV_KEYTEXT_BAD_LENGTH:
		return "wrong length: a key is 44 characters of base64, the last one '='";
	case MV_KEYTEXT_BAD_CHARACTER:
		return "not base64: a key is 43 of A-Z a-z 0-9 + / and a '=' at the end";
	case MV_KEYTEXT_NOT_CANONICAL:
		return "damaged: the last character before the '=' is none that a key ends in";
	case MV_KEYTEXT_OK:
		break;
	}
	return NULL;
}

/* The one word of the file, cut out in place; NULL if it holds none, or more. */
static const char *only_word(struct mv_textfile *file)
{
	char *word = file->text, *end = file->text + file->length;

	while (word < end && isspace((unsigned char)*word)) {
		word++;
	}
	while (end > word && isspace((unsigned char)end[-1])) {
		end--;
	}
	*end = '\0';
	for (const char *c = word; c < end; c++) {
		if (isspace((unsigned char)*c)) {
			return NULL;
		}
	}
	return word;
}

static const char *content_reason(struct mv_textfile *file, uint8_t key[static MV_KEY_LEN])
{
	const char *word;

	if (memchr(file->text, '\0', file->length)) {
		return "not base64: this is not a text file";
	}
	word = only_word(file);
	if (!word) {
		return "more than one word: a key file holds one key and nothing else";
	}
	if (!*word) {
		return "the file is empty";
	}
	return mv_keyfile_text_reason(mv_key_from_base64(key, word));
}

int mv_keyfile_read(struct mv_keyfile *file, uint8_t key[static MV_KEY_LEN], const char *path)
{
	struct mv_textfile text;
	int rc = mv_textfile_read(&text, path, KEY_FILE_MAX_BYTES);

	*file = (struct mv_keyfile){0};
	sodium_memzero(key, MV_KEY_LEN);
	if (rc < 0) {
		return rc;
	}
	file->reason = content_reason(&text, key);
	file->others_may_read = text.others_may_read;
	mv_textfile_free(&text);
	return file->reason ? -EBADMSG : 0;
}
