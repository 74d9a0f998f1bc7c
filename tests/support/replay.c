/* SPDX-License-Identifier: MIT */
/*
 * Replay: see the header.
 */
#include "support/replay.h"

#include <glob.h>

#include "base/buffer.h"

static int
replay(const char *path)
{
	struct buffer bytes = {0};
	FILE *file = fopen(path, "rbe");
	char *p;
	size_t n;

	if (!file) {
		perror(path);
		return 1;
	}
	do {
		p = buffer_reserve(&bytes, 4096);
		n = p ? fread(p, 1, 4096, file) : 0;
		bytes.n += n;
	} while (n > 0);
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.n);
	buffer_done(&bytes);
	return 0;
}

static int
replay_corpus(const char *corpus)
{
	const char *top = getenv("abs_top_srcdir");
	struct buffer pattern = {0};
	glob_t found = {0};
	int r = 0;

	buffer_add_format(
	    &pattern, "%s/tests/corpus/%s/*%c", top ? top : ".", corpus, '\0');
	if (buffer_is_failed(&pattern) ||
	    glob(pattern.data, 0, NULL, &found) != 0) {
		fprintf(stderr, "no corpus: is abs_top_srcdir set?\n");
		r = 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		r |= replay(found.gl_pathv[i]);
	printf("%zu files\n", (size_t)found.gl_pathc);
	globfree(&found);
	buffer_done(&pattern);
	return r;
}

int
fuzz_replay(const char *corpus, int argc, char **argv)
{
	int r = 0;

	if (argc < 2)
		return replay_corpus(corpus);
	for (int i = 1; i < argc; i++)
		r |= replay(argv[i]);
	return r;
}
