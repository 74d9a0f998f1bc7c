/* SPDX-License-Identifier: MIT */
/*
 * Snapshot: see the header. A slice is one step of core/save and one write; the
 * file is synced at the end only, since a disk may take as long as it likes, and
 * what a power cut leaves half written is known by its checksums.
 */
#include "daemon/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/message.h"
#include "core/stats.h"

#define FILE_NAME "cache"

/* Between slices, for those who ask: at 128 KiB a slice, 64 MiB need 512 of them
 * and at least a second and a half. */
#define PAUSE_USEC (3 * USEC_PER_MSEC)

/* Beyond what the cache takes in memory: a header and keys. */
#define FILE_EXTRA_BYTES ((size_t)64 * 1024)

static int64_t
wall_usec(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static bool
is_json(struct slice text)
{
	_cleanup_(json_doc_done) struct json_doc doc = {0};

	return json_parse(&doc, text, JSON_DEPTH_UPSTREAM) == JSON_OK;
}

static struct save_moment
moment_of(const struct snapshot *snapshot)
{
	return (struct save_moment){
	    .boot_id = {snapshot->boot_id.data, snapshot->boot_id.n},
	    .wall_usec = wall_usec(),
	    .owner = {snapshot->owner.data, snapshot->owner.n},
	    .is_state = is_json,
	};
}

/* ---- loading ---- */

static void
log_refused(struct snapshot *snapshot, const char *reason)
{
	stats_count(snapshot->needs.stats, STAT_snapshots_refused);
	log_warning(LOG_TEXT("saved cache refused, starting without"),
	    LOG_ID(MESSAGE_SNAPSHOT_REFUSED), LOG_STR("reason", reason),
	    LOG_STR("file", snapshot->file.path));
}

static void
load_bytes(struct snapshot *snapshot, struct slice bytes)
{
	const struct save_moment now = moment_of(snapshot);
	size_t n_entries = 0;
	int r = save_load(snapshot->needs.query, bytes, &now, &n_entries);

	if (r < 0) {
		log_refused(snapshot, strerror(-r));
		return;
	}
	if (r != SAVE_LOADED) {
		log_refused(
		    snapshot, save_result_to_string((enum save_result)r));
		return;
	}
	stats_add(
	    snapshot->needs.stats, STAT_snapshot_entries, (int64_t)n_entries);
	log_info(LOG_TEXT("saved cache loaded"), LOG_INT("entries", n_entries),
	    LOG_INT("bytes", bytes.n));
}

void
snapshot_load(struct snapshot *snapshot)
{
	const struct snapshot_settings *settings = snapshot->needs.settings;
	_cleanup_(buffer_done) struct buffer bytes = {0};
	int r;

	if (!snapshot->file.path || !settings->is_on)
		return;
	r = statefile_read(
	    &snapshot->file, settings->max_bytes + FILE_EXTRA_BYTES, &bytes);
	if (r < 0) {
		log_refused(snapshot, strerror(-r));
		return;
	}
	switch ((enum statefile_result)r) {
	case STATEFILE_READ:
		load_bytes(snapshot, (struct slice){bytes.data, bytes.n});
		break;
	case STATEFILE_NONE:
		break;
	case STATEFILE_NOT_OURS:
		log_refused(snapshot,
		    "it is not a file of the daemon's user and for it alone");
		break;
	case STATEFILE_TOO_LARGE:
		log_refused(snapshot, "it is larger than max_bytes allow");
		break;
	}
}

/* ---- saving ---- */

static void
let_go(struct snapshot *snapshot)
{
	snapshot->is_saving = false;
	buffer_done(&snapshot->slice);
	snapshot->slice = (struct buffer){0};
	statefile_abort(&snapshot->file);
}

static void
fail(struct snapshot *snapshot, int r)
{
	int64_t now_usec = clock_now(snapshot->needs.clock);
	uint64_t n = 0;

	let_go(snapshot);
	stats_count(snapshot->needs.stats, STAT_snapshots_failed);
	if (log_lasting_hit(&snapshot->failing, now_usec, &n) ==
	    LOG_LASTING_QUIET)
		return;
	log_warning(LOG_TEXT("cannot save the cache, serving on"),
	    LOG_ID(MESSAGE_SNAPSHOT_FAILED),
	    LOG_STR("file", snapshot->file.path), LOG_INT("times", n),
	    LOG_ERRNO(r));
}

static void
succeed(struct snapshot *snapshot)
{
	int64_t now_usec = clock_now(snapshot->needs.clock);
	int64_t lasted_usec = 0;
	uint64_t n =
	    log_lasting_end(&snapshot->failing, now_usec, &lasted_usec);

	snapshot->n_saved = snapshot->save.n_entries;
	stats_count(snapshot->needs.stats, STAT_snapshots);
	if (n > 0)
		log_info(LOG_TEXT("the cache is saved again"),
		    LOG_INT("failures", n), LOG_USEC("lasted", lasted_usec));
	log_debug(LOG_TEXT("cache saved"),
	    LOG_INT("entries", snapshot->save.n_entries));
}

static int
write_slice(struct snapshot *snapshot)
{
	struct buffer *slice = &snapshot->slice;
	int r;

	if (buffer_is_failed(slice))
		return -ENOMEM;
	r = statefile_write(
	    &snapshot->file, (struct slice){slice->data, slice->n});
	buffer_clear(slice);
	return r;
}

static int
begin(struct snapshot *snapshot)
{
	const struct save_moment now = moment_of(snapshot);
	int r = statefile_begin(&snapshot->file);

	if (r < 0)
		return r;
	snapshot->is_saving = true;
	save_start(
	    &snapshot->save, snapshot->needs.query, &now, &snapshot->slice);
	return write_slice(snapshot);
}

/* SAVE_MORE, SAVE_DONE, or a negative errno. */
static int
step(struct snapshot *snapshot)
{
	enum save_step result = save_step(&snapshot->save, &snapshot->slice);
	int r = write_slice(snapshot);

	return r < 0 ? r : (int)result;
}

/* An idle daemon need not say again and again that it holds nothing. */
static bool
is_news(const struct snapshot *snapshot)
{
	return snapshot->save.n_entries > 0 || snapshot->n_saved > 0;
}

static void
conclude(struct snapshot *snapshot, int (*commit)(struct statefile *file))
{
	int r = is_news(snapshot) ? commit(&snapshot->file) : 0;

	if (r < 0) {
		fail(snapshot, r);
		return;
	}
	if (is_news(snapshot))
		succeed(snapshot);
	let_go(snapshot);
}

/* Without memory for the timer it is saved at the end, and not before. */
static void
wait(struct snapshot *snapshot, int64_t usec)
{
	struct clock *clock = snapshot->needs.clock;

	(void)timer_start(clock, &snapshot->timer, clock_now(clock) + usec);
}

static void
on_timer(void *userdata)
{
	struct snapshot *snapshot = userdata;
	const struct snapshot_settings *settings = snapshot->needs.settings;
	int r = SAVE_MORE;

	if (!settings->is_on)
		let_go(snapshot);
	else
		r = snapshot->is_saving ? step(snapshot) : begin(snapshot);
	if (r < 0)
		fail(snapshot, r);
	else if (r == SAVE_DONE)
		conclude(snapshot, statefile_commit);
	wait(snapshot,
	    snapshot->is_saving ? PAUSE_USEC : settings->interval_usec);
}

void
snapshot_start(struct snapshot *snapshot)
{
	if (snapshot->file.path)
		wait(snapshot, snapshot->needs.settings->interval_usec);
}

void
snapshot_finish(struct snapshot *snapshot)
{
	int r;

	if (!snapshot->file.path || !snapshot->needs.settings->is_on)
		return;
	timer_stop(snapshot->needs.clock, &snapshot->timer);
	let_go(snapshot);
	r = begin(snapshot);
	while (r == SAVE_MORE)
		r = step(snapshot);
	if (r < 0)
		fail(snapshot, r);
	else
		conclude(snapshot, statefile_commit_synced);
}

/* ---- life ---- */

/* In the unit's sandbox there is no such file, so the unit says it. */
static void
read_boot_id(struct buffer *ret)
{
	const char *told = getenv("PRESENCED_BOOT_ID");
	char line[64];
	FILE *file;

	if (told) {
		buffer_add_text(ret, told);
		return;
	}
	file = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (!file)
		return;
	if (fgets(line, sizeof(line), file))
		for (const char *p = line; *p && *p != '\n'; p++)
			if (*p != '-')
				buffer_add_char(ret, *p);
	(void)fclose(file);
}

int
snapshot_init(struct snapshot *snapshot, const struct snapshot_needs *needs,
    const char *directories)
{
	*snapshot = (struct snapshot){
	    .needs = *needs,
	    .file = STATEFILE_NULL,
	    .n_saved = 1, /* who knows what an old file holds */
	};
	timer_init(&snapshot->timer, on_timer, snapshot);
	if (!directories || !*directories)
		return 0;
	read_boot_id(&snapshot->boot_id);
	buffer_add_text(&snapshot->owner, needs->origin);
	buffer_add_char(&snapshot->owner, '\n');
	buffer_add_text(&snapshot->owner, needs->subscribe_key);
	if (buffer_is_failed(&snapshot->owner) ||
	    buffer_is_failed(&snapshot->boot_id))
		return -ENOMEM;
	return statefile_init(&snapshot->file,
	    (struct slice){directories, strcspn(directories, ":")}, FILE_NAME);
}

void
snapshot_done(struct snapshot *snapshot)
{
	if (!snapshot->needs.clock)
		return;
	timer_stop(snapshot->needs.clock, &snapshot->timer);
	let_go(snapshot);
	statefile_done(&snapshot->file);
	buffer_done(&snapshot->owner);
	buffer_done(&snapshot->boot_id);
	*snapshot = (struct snapshot){.file = STATEFILE_NULL};
}
