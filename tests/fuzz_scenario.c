/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as a scenario: refused with the number of the line that is
 * wrong, or played to its end, after which the world's counts agree. With
 * libFuzzer (--enable-fuzzers) it has a main() of its own; without, ours
 * replays files, those of tests/corpus/scenario if none are named.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "emulator/jsontext.h"
#include "support/replay.h"
#include "support/stage.h"

/* Times of three digits would be minutes, populations of three too much to be
 * done ten thousand times a second. */
#define DIGITS_MAX 2
#define SECONDS    100

static bool
is_small(struct slice text)
{
	size_t i, n_digits = 0;

	for (i = 0; i < text.n && n_digits <= DIGITS_MAX; i++)
		n_digits =
		    isdigit((unsigned char)text.data[i]) ? n_digits + 1 : 0;
	return n_digits <= DIGITS_MAX;
}

/* "scenario:LINE: why" */
static void
look_at_complaint(struct slice said, struct slice text)
{
	const struct slice name = SLICE("scenario:");
	size_t i, line = 0, n_lines = 1;

	for (i = 0; i < text.n; i++)
		n_lines += text.data[i] == '\n';
	REQUIRE(said.n > name.n && memcmp(said.data, name.data, name.n) == 0);
	for (i = name.n; i < said.n && isdigit((unsigned char)said.data[i]);
	     i++)
		line = line * 10 + (size_t)(said.data[i] - '0');
	REQUIRE(line >= 1 && line <= n_lines);
	REQUIRE(said.n > i + 2 && said.data[i] == ':');
}

static void
ask(struct stage *stage, const char *target)
{
	struct json_object *answer;
	const struct buffer *body = &stage->last.body;

	REQUIRE(stage_ask(stage, SLICE("GET"), slice_of(target),
		    (struct slice){0}) == STAGE_REPLIED);
	REQUIRE(stage->last.status == 200);
	REQUIRE(json_read((struct slice){body->data, body->n}, &answer) ==
	    JSON_FINE);
	json_object_put(answer);
}

static void
check_counts(const struct stage *stage)
{
	const struct realm *realm;

	for (realm = realms_next(stage->realms, NULL); realm;
	     realm = realms_next(stage->realms, realm)) {
		const struct channel *channel;
		size_t n = 0;

		for (channel = world_next_channel(realm->world, NULL); channel;
		     channel = world_next_channel(realm->world, channel))
			n += channel_occupancy(channel);
		REQUIRE(n == world_n_occupants(realm->world));
	}
}

static void
play(struct stage *stage)
{
	struct scenario_progress progress;
	int i;

	for (i = 0; i <= SECONDS; i++)
		fake_clock_advance(&stage->fake, USEC_PER_SEC);
	progress = scenario_progress(stage->scenario);
	REQUIRE(progress.n_failed <= progress.n_done);
	REQUIRE((progress.n_done == progress.n_lines) ==
	    (progress.n_lines == 0 ||
		progress.end_usec <= (SECONDS + 1) * USEC_PER_SEC));
	check_counts(stage);
	ask(stage, "/_emulator/truth");
	ask(stage, "/_emulator/events");
	ask(stage, "/_emulator/faults");
	ask(stage, "/_emulator/scenario");
	ask(stage, "/_emulator/counters");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct slice text = {(const char *)data, n};
	struct buffer said = {0};
	struct stage stage;
	int r;

	if (n == 0)
		return 0;
	REQUIRE(stage_init(&stage, NULL) == 0);
	r = stage_read_scenario(&stage, text, &said);
	REQUIRE(r == 0 || r == -EINVAL);
	REQUIRE((r == -EINVAL) == (said.n > 0));
	if (r == -EINVAL)
		look_at_complaint((struct slice){said.data, said.n}, text);
	else if (is_small(text))
		play(&stage);
	stage_done(&stage);
	buffer_done(&said);
	return 0;
}

FUZZ_MAIN("scenario")
