#include "control/places.h"

#include <stdio.h>
#include <stdlib.h>

#include "tunnel/endpoints.h"

/* Which of them it is at, only the device can tell: it knows the addresses of names. */
static char *print(const struct mv_endpoints *endpoints, unsigned in_use)
{
	char entry[MV_ENDPOINTS_ENTRY_TEXT_MAX];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		return NULL;
	}
	for (size_t i = 0; i < endpoints->count; i++) {
		fprintf(out, "%s%s%s", i > 0 ? ", " : "",
			mv_endpoints_print_entry(entry, &endpoints->list[i]),
			in_use == i + 1 ? " (in use)" : "");
	}
	if (endpoints->interval_s > 0) {
		fprintf(out, "; resolved again every %u seconds", (unsigned)endpoints->interval_s);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *mv_places_text(const struct mv_peer_snapshot *peer)
{
	struct mv_endpoints endpoints;
	char *text = NULL;

	if (!peer->endpoints || mv_endpoints_parse(&endpoints, peer->endpoints) < 0) {
		return NULL;
	}
	if (mv_endpoints_are_many(&endpoints)) {
		text = print(&endpoints, peer->endpoint_entry);
	}
	mv_endpoints_clear(&endpoints);
	return text;
}
