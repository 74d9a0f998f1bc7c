/* SPDX-License-Identifier: MIT */
/*
 * Replay: what every tests/fuzz_*.c shares. With libFuzzer (--enable-fuzzers)
 * there is a main() already; without, FUZZ_MAIN(corpus) makes one that replays
 * the files it is given, or those of tests/corpus/<corpus>, so that what fuzzing
 * once found guards every build.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Not assert(): a build without those would find nothing. */
#define REQUIRE(condition)                                                  \
	do {                                                                \
		if (!(condition)) {                                         \
			fprintf(stderr, "does not hold: %s\n", #condition); \
			abort();                                            \
		}                                                           \
	} while (0)

/* 0 if every file could be read and there was at least one. */
int fuzz_replay(const char *corpus, int argc, char **argv);

#ifdef WITH_LIBFUZZER
#define FUZZ_MAIN(corpus)
#else
#define FUZZ_MAIN(corpus)                               \
	int main(int argc, char **argv)                 \
	{                                               \
		return fuzz_replay(corpus, argc, argv); \
	}
#endif
