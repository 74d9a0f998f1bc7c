/* SPDX-License-Identifier: MIT */
/*
 * presence-emulator: everything but these lines is a library, which tests
 * link.
 */
#include <stdlib.h>

#include "emulator/emulator.h"

/* A status of 2 is for who called us wrongly, as everywhere. */
#define EXIT_USAGE 2

int
main(int argc, char **argv)
{
	_cleanup_(options_done) struct options options = {0};
	_cleanup_(emulator_freep) struct emulator *emulator = NULL;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		return EXIT_SUCCESS;
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_RUN:
		break;
	}
	if (emulator_new(&options, &emulator) < 0)
		return EXIT_FAILURE;
	return emulator_run(emulator) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
