/* SPDX-License-Identifier: MIT */
/*
 * Script: a server that takes one step behind the other, in a thread, whatever
 * its client does. One at a time in a test program.
 *
 * Ownership: script_setup() makes a directory with a listener in it, and
 *            script_teardown() takes all of it away, once the client has gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define READ_BYTES ((size_t)64 * 1024)

enum step_kind {
	STEP_END,
	STEP_ACCEPT,
	STEP_READ,   /* n lines, kept together */
	STEP_SEND,   /* the text */
	STEP_DRIP,   /* the text, a byte at a time */
	STEP_FILL,   /* the text, n times */
	STEP_FLOOD,  /* the text, until the client goes */
	STEP_LINGER, /* until the client goes */
	STEP_CLOSE,
	STEP_ANSWER, /* each client's first line with the text, until teardown */
};

struct step {
	enum step_kind kind;
	const char *text;
	size_t n;
};

/* clang-format off */
#define ACCEPT        {STEP_ACCEPT, NULL, 0}
#define READ          READ_LINES(1)
#define READ_LINES(i) {STEP_READ, NULL, (i)}
#define SEND(what)    {STEP_SEND, (what), 0}
#define DRIP(what)    {STEP_DRIP, (what), 0}
#define FILL(what, i) {STEP_FILL, (what), (i)}
#define FLOOD(what)   {STEP_FLOOD, (what), 0}
#define LINGER        {STEP_LINGER, NULL, 0}
#define CLOSE         {STEP_CLOSE, NULL, 0}
#define ANSWER(what)  {STEP_ANSWER, (what), 0}
#define END           {STEP_END, NULL, 0}
/* clang-format on */

void script_setup(void);
void script_teardown(void);
/* Where it listens. */
const char *script_path(void);
void script_serve(const struct step *steps);
/* Waits until the server is through; afterwards its line may be looked at. */
void script_join(void);
/* What it read last. */
const char *script_line(void);
/* Makes room for a line now, so that none is asked for later. */
void script_reserve(void);
void script_stop_listening(void);
/* false: the peer has gone. */
bool script_send_all(int fd, const char *data, size_t n);
