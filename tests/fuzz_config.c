/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as a configuration file: every line is told of or understood
 * and counted right. With libFuzzer (--enable-fuzzers) it has a main() of its
 * own; without, ours replays files, those of tests/corpus/config if none are
 * named.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "daemon/config_file.h"
#include "daemon/config_keys.h"
#include "daemon/config_load.h"
#include "daemon/config_show.h"
#include "daemon/config_ttl.h"
#include "daemon/config_value.h"
#include "support/replay.h"

struct look {
	unsigned n_lines; /* the text has */
	unsigned line;    /* the last told of */
};

static void
is_line(struct look *look, unsigned line)
{
	REQUIRE(line > 0 && line <= look->n_lines);
	REQUIRE(line > look->line);
	look->line = line;
}

static bool
is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' && *text != '\t' &&
		    *text != '\r')
			return false;
	return true;
}

/* Every value through the reader of every key; what is taken can be freed. */
static void
look_at_value(const char *value)
{
	for (size_t i = 0; i < config_n_keys(); i++) {
		const struct config_key *key = config_key_get(i);
		struct config config = {0};
		struct buffer why = {0};
		void *target = (char *)&config + key->offset;
		int r;

		/* These two ask the system's databases, which is slow. */
		if (key->type != CONFIG_RULE) {
			r = config_value_parse(key, value, target, &why);
			REQUIRE(r == CONFIG_VALUE_OK || r == CONFIG_VALUE_BAD);
			REQUIRE((r == CONFIG_VALUE_BAD) == (why.n > 0));
			config_value_done(key, target);
		}
		buffer_done(&why);
	}
}

static int
on_entry(const char *section, const char *name, const char *value,
    unsigned line, void *userdata)
{
	struct config_ttl rule = {0};
	struct buffer text = {0};

	is_line(userdata, line);
	REQUIRE(utf8_is_valid(slice_of(value)) && is_clean(value));
	REQUIRE(utf8_is_valid(slice_of(name)) && is_clean(name) && *name);
	look_at_value(value);
	if (config_ttl_parse(name, value, &rule, &text) == CONFIG_VALUE_OK)
		config_ttl_done(&rule);
	config_suggest(section, name, &text);
	buffer_done(&text);
	return 0;
}

static int
on_fault(unsigned line, const char *what, void *userdata)
{
	is_line(userdata, line);
	REQUIRE(*what);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct config_reader reader = {on_entry, on_fault};
	struct look look = {.n_lines = 1};
	FILE *stream;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		look.n_lines += data[i] == '\n';
	stream = fmemopen((void *)(uintptr_t)data, n, "r");
	REQUIRE(stream);
	REQUIRE(config_stream_read(stream, &reader, &look) == 0);
	(void)fclose(stream);
	return 0;
}

FUZZ_MAIN("config")
