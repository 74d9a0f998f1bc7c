/* SPDX-License-Identifier: MIT */
/*
 * Complaints: why there is no result, in words for people: what it is, and what
 * can be done about it. Text from the daemon is made visible first.
 *
 * Ownership: everything is borrowed for the call.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/macro.h"
#include "cli/table.h"
#include "lib/presence.h"

/* The daemon said no. */
void complain_of_refusal(
    FILE *file, const struct look *look, struct presence_reply *reply);
/* There is no connection to it; r is what presence_connect() said. */
void complain_of_no_daemon(
    FILE *file, const struct look *look, const char *path, int r);
/* There was one; r is what presence_call() said. */
void complain_of_silence(FILE *file, const struct look *look, const char *path,
    const char *method, int r);
/* It speaks another version of the protocol than we do. */
void complain_of_protocol(
    FILE *file, const struct look *look, const char *path, int64_t major);
/* Anything else: "error: text: strerror". */
void complain_of_failure(
    FILE *file, const struct look *look, const char *text, int r);
/* The command line is wrong: on standard error, with a pointer to the help. */
_printf_(1, 2) void complain_of_usage(const char *format, ...);
