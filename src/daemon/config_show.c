/* SPDX-License-Identifier: MIT */
/*
 * Show: lays out; every text is as it was written.
 */
#include "daemon/config_show.h"

#include "daemon/config_keys.h"

/* Where the places begin, unless a value is longer. */
#define PLACE_COLUMN 56

static void
add_place(struct buffer *buffer, size_t start, const char *place, bool is_later)
{
	/* Bytes, not columns: a name in another script moves its own line. */
	do
		buffer_add_char(buffer, ' ');
	while (buffer->n < start + PLACE_COLUMN && !buffer_is_failed(buffer));
	buffer_add_format(
	    buffer, "# %s%s\n", place, is_later ? ", not in use yet" : "");
}

static void
show_ttl(const struct config *config, struct buffer *buffer)
{
	for (size_t i = 0; i < config->n_ttl; i++) {
		const struct config_ttl *rule = &config->ttl[i];
		size_t start = buffer->n;

		buffer_add_format(buffer, "ttl.%s%s = %s", rule->name,
		    rule->is_prefix ? "*" : "", rule->source.text);
		add_place(buffer, start, rule->source.place, false);
	}
}

void
config_show(const struct config *config, struct buffer *buffer)
{
	buffer_add_format(buffer, "# %s%s\n", config->file,
	    config->was_file_read ? "" : " does not exist");
	for (size_t i = 0; i < config_n_keys(); i++) {
		const struct config_key *key = config_key_get(i);
		const struct config_source *source = &config->sources[i];
		size_t start = buffer->n;

		buffer_add_format(buffer, "%s.%s =%s%s", key->section,
		    key->name, *source->text ? " " : "", source->text);
		add_place(
		    buffer, start, source->place, key->flags & CONFIG_LATER);
	}
	show_ttl(config, buffer);
}
