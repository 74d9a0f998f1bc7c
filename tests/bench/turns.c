/* SPDX-License-Identifier: MIT */
/*
 * turns: how long one turn of the loop is held by a long list: its pages are
 * joined, then the roster is made of it, then it is rendered, each as the
 * daemon does it. CPU time, so that a busy machine does not show; one line of
 * JSON for each occupancy.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macro.h"
#include "model/roster.h"
#include "upstream/people.h"
#include "upstream/pubnub.h"
#include "wire/render.h"

#define EXIT_USAGE 2
#define UUID_BYTES 36

static const char HELP[] =
    "Usage: turns OCCUPANCY...\n"
    "Prints milliseconds of CPU: the longest page, the roster made from\n"
    "nothing, the same again, with one in a hundred changed, and rendered.\n";

static double
now_msec(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Not in order: 2654435761 is odd, so each number has one of its own. */
static void
make_people(char *texts, struct occupant *people, uint32_t n, uint32_t salt)
{
	for (uint32_t i = 0; i < n; i++) {
		char *text = texts + (size_t)i * (UUID_BYTES + 1);
		uint32_t mixed =
		    (i % 100 == 0 ? i + salt : i) * UINT32_C(2654435761);

		(void)snprintf(text, UUID_BYTES + 1,
		    "%08x-0000-4000-8000-%012x", mixed, (unsigned)i);
		people[i] = (struct occupant){
		    .uuid = {text, UUID_BYTES},
		};
	}
}

/* Pages in, as they come. Returns what the longest took. */
static double
join(struct people *people, struct occupant *told, size_t n)
{
	double longest = 0;

	for (size_t i = 0; i < n; i += PUBNUB_PAGE) {
		size_t n_page = n - i < PUBNUB_PAGE ? n - i : PUBNUB_PAGE;
		double began = now_msec();
		int r = people_add(people, told + i, n_page);

		assert(r == 0);
		(void)r;
		if (now_msec() - began > longest)
			longest = now_msec() - began;
	}
	return longest;
}

static double
assign(struct roster *roster, struct people *people)
{
	double began = now_msec();
	int r = roster_assign(roster, LEVEL_UUIDS, people->v, people->n, NULL);

	assert(r == 0);
	(void)r;
	return now_msec() - began;
}

static double
render(struct roster *roster)
{
	struct blob *body;
	double began = now_msec();
	int r = render_body(roster, SLICE("lobby"), LEVEL_UUIDS, &body);

	assert(r == RENDER_MADE);
	(void)r;
	return now_msec() - began;
}

static void
measure(uint32_t n)
{
	_cleanup_(freep) char *texts = malloc((size_t)n * (UUID_BYTES + 1));
	_cleanup_(freep) struct occupant *told = calloc(n, sizeof(*told));
	_cleanup_(people_done) struct people people = {0};
	_cleanup_(people_done) struct people later = {0};
	size_t account = 0;
	_cleanup_(roster_freep) struct roster *roster = roster_new(&account);
	double page, first, again, changed;

	assert(texts && told && roster);
	make_people(texts, told, n, 0);
	page = join(&people, told, n);
	first = assign(roster, &people);
	again = assign(roster, &people);
	make_people(texts, told, n, n);
	(void)join(&later, told, n);
	changed = assign(roster, &later);
	(void)printf("{\"occupancy\":%u,\"page\":%.2f,\"roster\":%.2f,"
		     "\"same\":%.2f,\"changed\":%.2f,\"rendered\":%.2f}\n",
	    n, page, first, again, changed, render(roster));
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *end;
		unsigned long n = strtoul(argv[i], &end, 10);

		if (*end || n == 0 || n > 10 * 1000 * 1000) {
			(void)fputs(HELP, stderr);
			return EXIT_USAGE;
		}
		measure((uint32_t)n);
	}
	return EXIT_SUCCESS;
}
