/* SPDX-License-Identifier: MIT */
/*
 * A ring of lines as they are shown: the one numbered n stands at n modulo its
 * size.
 */
#include "emulator/eventlog.h"

#include <errno.h>
#include <stdlib.h>

#include "base/blob.h"
#include "base/buffer.h"
#include "emulator/look.h"

struct eventlog {
	struct clock *clock; /* borrowed; outlives us */
	FILE *stream;        /* borrowed; outlives us; NULL: none */
	struct blob **ring;  /* owned; max_lines of them, NULL: a hole */
	size_t max_lines;
	uint64_t last_seq;
	int64_t began_usec;
	int error;
};

static const char *const EVENT_NAMES[WORLD_EVENT_KINDS] = {
    [WORLD_JOIN] = "join",
    [WORLD_LEAVE] = "leave",
    [WORLD_TIMEOUT] = "timeout",
    [WORLD_STATE_CHANGE] = "state-change",
};

int
eventlog_new(
    struct clock *clock, size_t max_lines, FILE *stream, struct eventlog **ret)
{
	_cleanup_(eventlog_freep) struct eventlog *log = NULL;

	log = calloc(1, sizeof(*log));
	if (!log)
		return -ENOMEM;
	log->clock = clock;
	log->stream = stream;
	log->max_lines = max_lines > 0 ? max_lines : 1;
	log->began_usec = clock_now(clock);
	log->ring = calloc(log->max_lines, sizeof(*log->ring));
	if (!log->ring)
		return -ENOMEM;
	*ret = TAKE_PTR(log);
	return 0;
}

struct eventlog *
eventlog_free(struct eventlog *log)
{
	size_t i;

	if (!log)
		return NULL;
	for (i = 0; log->ring && i < log->max_lines; i++)
		blob_unref(log->ring[i]);
	free(log->ring);
	free(log);
	return NULL;
}

static void
write_line(struct eventlog *log, const struct blob *line)
{
	if (!log->stream || log->error < 0)
		return;
	if (fwrite(line->data, 1, line->n, log->stream) != line->n ||
	    fputc('\n', log->stream) == EOF)
		log->error = -EIO;
}

static void
keep(struct eventlog *log, const struct buffer *text)
{
	struct blob **slot = &log->ring[log->last_seq % log->max_lines];

	blob_unref(*slot);
	*slot = buffer_is_failed(text) ? NULL : blob_new(text->n);
	if (!*slot)
		return;
	memcpy((*slot)->data, text->data, text->n);
	write_line(log, *slot);
}

/* {"seq":7,"at":1.500000,"event":"join" */
static void
begin(struct eventlog *log, const char *event, struct buffer *out)
{
	int64_t at_usec = clock_now(log->clock) - log->began_usec;

	buffer_add_format(out,
	    "{\"seq\":%llu,\"at\":%lld.%06lld,\"event\":\"%s\"",
	    (unsigned long long)++log->last_seq,
	    (long long)(at_usec / USEC_PER_SEC),
	    (long long)(at_usec % USEC_PER_SEC), event);
}

static void
add_string(struct buffer *out, const char *name, struct slice text)
{
	buffer_add_format(out, ",\"%s\":", name);
	look_string(LOOK_2025, out, text);
}

void
eventlog_add(struct eventlog *log, struct slice subscribe_key,
    const struct world_event *event)
{
	_cleanup_(buffer_done) struct buffer text = {0};

	begin(log, EVENT_NAMES[event->kind], &text);
	add_string(&text, "subscribe_key", subscribe_key);
	add_string(&text, "channel", event->channel);
	add_string(&text, "uuid", event->uuid);
	if (event->state.data) {
		buffer_add_text(&text, ",\"state\":");
		buffer_add_slice(&text, event->state);
	}
	buffer_add_format(&text, ",\"occupancy\":%zu}", event->occupancy);
	keep(log, &text);
}

void
eventlog_add_clear(struct eventlog *log)
{
	_cleanup_(buffer_done) struct buffer text = {0};

	begin(log, "clear", &text);
	buffer_add_char(&text, '}');
	keep(log, &text);
}

uint64_t
eventlog_last_seq(const struct eventlog *log)
{
	return log->last_seq;
}

bool
eventlog_after(
    const struct eventlog *log, uint64_t since, struct eventlog_line *ret)
{
	uint64_t seq = since;

	if (log->last_seq > log->max_lines &&
	    seq < log->last_seq - log->max_lines)
		seq = log->last_seq - log->max_lines;
	while (seq++ < log->last_seq) {
		const struct blob *line = log->ring[seq % log->max_lines];

		if (!line)
			continue;
		*ret = (struct eventlog_line){
		    .seq = seq, .text = {line->data, line->n}};
		return true;
	}
	return false;
}

int
eventlog_flush(struct eventlog *log)
{
	if (log->stream && log->error == 0 && fflush(log->stream) != 0)
		log->error = errno ? -errno : -EIO;
	return log->error;
}
