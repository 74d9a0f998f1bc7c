/* SPDX-License-Identifier: MIT */
/*
 * Complaints: what is wrong with a configuration, a line each, with its place in
 * front: "FILE:LINE: what".
 *
 * Ownership: text is borrowed; failure is the buffer's.
 */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/macro.h"

struct config_complaints {
	struct buffer *text;
	size_t n; /* told or not */
};

/* One longer than CONFIG_COMPLAINT_MAX is cut. */
#define CONFIG_COMPLAINT_MAX 512

void config_complain(struct config_complaints *complaints, const char *place,
    const char *format, ...) _printf_(3, 4);
/* A line of the log for each of them, with that text and that ID. */
void config_complaints_log(const struct buffer *complaints,
    struct log_field text, struct log_field id);
