/*
 * Gives a fuzz target each file of a folder, once: so the inputs that the fuzzers have learnt from
 * run under every compiler and sanitizer, and not under the fuzzer's alone.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *folder, const char *name)
{
	char path[1024];
	uint8_t *data = malloc(INPUT_MAX);

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!data || !file) {
		perror(path);
		exit(1);
	}
	size_t size = fread(data, 1, INPUT_MAX, file);
	fclose(file);

	/* As large as it is, so that a read behind its end is noticed. */
	uint8_t *input = malloc(size > 0 ? size : 1);
	if (!input) {
		abort();
	}
	memcpy(input, data, size);
	free(data);
	LLVMFuzzerTestOneInput(input, size);
	free(input);
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	unsigned count = 0;

	if (!folder) {
		fprintf(stderr, "usage: replay FOLDER\n");
		return 2;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] != '.') {
			replay(argv[1], entry->d_name);
			count++;
		}
	}
	closedir(folder);
	printf("%u inputs\n", count);
	return count > 0 ? 0 : 1;
}
