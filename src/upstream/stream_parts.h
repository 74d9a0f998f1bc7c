/* SPDX-License-Identifier: MIT */
/*
 * Stream, its parts: what they share. Known to stream*.c only.
 *
 * stream.c       which names travel on which line
 * stream_line.c  one line: its requests, and what becomes of them
 */
#pragma once

#include <sys/queue.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/map.h"
#include "upstream/complaint.h"
#include "upstream/pubnub_event.h"
#include "upstream/stream.h"

struct line;

/* A channel whose events a line is to bring. */
struct name {
	struct map_node node;
	TAILQ_ENTRY(name) link; /* of its line */
	struct line *line;
	struct key key;  /* its bytes are below */
	size_t n_bytes;  /* that it takes in a request */
	uint64_t mark;   /* of the last walk that found it wanted */
	bool is_refused; /* to be let go */
	size_t n;
	char bytes[]; /* key_format()'s */
};

TAILQ_HEAD(names, name);

enum line_state {
	LINE_NEW,    /* has no cursor yet */
	LINE_LIVE,   /* its poll is held, or about to be sent again */
	LINE_BROKEN, /* waits, or tries, to go on */
};

#define CURSOR_MAX 20

struct line {
	TAILQ_ENTRY(line) link;
	struct stream *stream; /* borrowed; outlives us */
	struct names names;
	size_t n_names;
	size_t n_bytes; /* of them, in a request */
	enum line_state state;
	char cursor[CURSOR_MAX]; /* digits; n_cursor 0: none */
	size_t n_cursor;
	int64_t region;
	struct http_request *request; /* NULL: none is in the air */
	bool is_handshake;            /* that one is */
	bool has_new; /* names that the last request did not have */
	bool is_hung; /* to begin anew */
	int64_t sent_usec;
	unsigned n_failed;    /* in a row */
	unsigned n_malformed; /* likewise */
	unsigned n_drifted;   /* since an event came */
	unsigned generation;  /* of the credential it went with */
	struct timer timer;   /* when its next request is due */
};

TAILQ_HEAD(lines, line);

struct stream {
	struct stream_needs needs;
	struct query *query; /* borrowed; outlives us; NULL until the start */
	struct timer gather; /* when changes of what is wanted are looked at */
	struct lines lines;
	struct map names;
	size_t n_left_out; /* wanted, and on no line */
	uint64_t mark;
	struct json_doc doc;
	struct buffer url;
	struct complaints complaints;
};

int64_t stream_now(const struct stream *stream);
void stream_count(struct stream *stream, enum counter stat);
/* Tells the core how all lines fare together. */
void stream_tell(struct stream *stream);
/* Looks at what is wanted then, or earlier. */
void stream_arm(struct stream *stream, int64_t at_usec);
/* It is on no line any more. */
void name_free(struct stream *stream, struct name *name);

int line_new(struct stream *stream, struct line **ret);
/* Its names are let go. */
void line_free(struct line *line);
/* Sends its next request then. */
void line_arm(struct line *line, int64_t at_usec);
/* It has other names than its last request had. */
void line_changed(struct line *line);
