/* SPDX-License-Identifier: MIT */
/*
 * Complaints: bounded, both ways.
 */
#include "daemon/config_complaints.h"

#include <stdarg.h>
#include <stdio.h>

/* A file of another kind has an error in each line; nobody reads them all. */
#define COMPLAINTS_MAX 20

void
config_complain(struct config_complaints *complaints, const char *place,
    const char *format, ...)
{
	char text[CONFIG_COMPLAINT_MAX];
	va_list args;
	int n;

	if (++complaints->n > COMPLAINTS_MAX) {
		if (complaints->n == COMPLAINTS_MAX + 1)
			buffer_add_text(complaints->text, "... and more\n");
		return;
	}
	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buffer_add_format(complaints->text, "%s: %s%s\n", place, text,
	    n >= (int)sizeof(text) ? "..." : "");
}

void
config_complaints_log(
    const struct buffer *complaints, struct log_field text, struct log_field id)
{
	const char *data = complaints->data;
	size_t start = 0;

	for (size_t i = 0; i < complaints->n; i++) {
		if (data[i] != '\n')
			continue;
		log_error(text, id,
		    LOG_SLICE(
			"problem", ((struct slice){data + start, i - start})));
		start = i + 1;
	}
}
