/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all into json_parse(), and what it took looked at from every
 * side. With libFuzzer (--enable-fuzzers) it has a main() of its own; without,
 * ours replays files, those of tests/corpus/json if none are named.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/utf8.h"
#include "support/replay.h"

/* It says valid UTF-8, and written anew it says the same. */
static void
look_at_string(const struct json_doc *doc, const struct json_node *node)
{
	struct buffer scratch = {0}, written = {0};
	struct json_doc again = {0};
	struct slice said;

	REQUIRE(json_string(doc, node, &scratch, &said) == 0);
	REQUIRE(utf8_is_valid(said));
	REQUIRE(json_string_is(doc, node, said));
	json_add_string(&written, said);
	REQUIRE(json_parse(&again, (struct slice){written.data, written.n},
		    0) == JSON_OK);
	REQUIRE(json_string_is(&again, json_root(&again), said));
	json_doc_done(&again);
	buffer_done(&written);
	buffer_done(&scratch);
}

/* An integer of seconds is a million times as many microseconds. */
static void
look_at_number(const struct json_doc *doc, const struct json_node *node)
{
	int64_t integer = 0, usec = 0;
	const int is_integer = json_int(doc, node, &integer);
	const int is_usec = json_usec(doc, node, &usec);

	REQUIRE(is_usec != JSON_NUMBER_OK || usec >= 0);
	if (is_integer != JSON_NUMBER_OK)
		return;
	if (integer < 0)
		REQUIRE(is_usec == JSON_NUMBER_WRONG);
	else if (integer > INT64_MAX / 1000000)
		REQUIRE(is_usec == JSON_NUMBER_OUT_OF_RANGE);
	else
		REQUIRE(is_usec == JSON_NUMBER_OK && usec == integer * 1000000);
}

/* Children lie inside, one behind the other, as many as were counted. */
static void
look_at_children(const struct json_doc *doc, const struct json_node *node)
{
	const struct json_node *child, *last;
	uint32_t at = node->at + 1, n = 0;

	JSON_FOREACH(child, doc, node) {
		last =
		    node->kind == JSON_OBJECT ? json_value(doc, child) : child;
		REQUIRE(child->at >= at);
		REQUIRE(last->at >= child->at);
		REQUIRE(last->next == child->next);
		at = last->at + last->n;
		n++;
	}
	REQUIRE(n == node->n_children);
	REQUIRE(at < node->at + node->n);
}

/* A node's text stands for itself; without its newlines it is the same. */
static void
look_at_text(const struct json_doc *doc)
{
	struct buffer line = {0};
	struct json_doc again = {0};

	json_add_text(&line, json_slice(doc, json_root(doc)));
	REQUIRE(!memchr(line.data, '\n', line.n));
	REQUIRE(!memchr(line.data, '\r', line.n));
	REQUIRE(json_parse(&again, (struct slice){line.data, line.n},
		    JSON_DEPTH_LOCAL) == JSON_OK);
	REQUIRE(again.n_nodes == doc->n_nodes);
	json_doc_done(&again);
	buffer_done(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct json_doc doc = {0};
	int r;

	r = json_parse(
	    &doc, (struct slice){(const char *)data, n}, JSON_DEPTH_LOCAL);
	REQUIRE(r >= 0);
	REQUIRE(doc.error_at <= n);
	if (r == JSON_OK) {
		look_at_text(&doc);
		for (size_t i = 0; i < doc.n_nodes; i++) {
			const struct json_node *node = &doc.nodes[i];

			if (node->kind == JSON_STRING)
				look_at_string(&doc, node);
			if (node->kind == JSON_NUMBER)
				look_at_number(&doc, node);
			if (node->kind == JSON_ARRAY ||
			    node->kind == JSON_OBJECT)
				look_at_children(&doc, node);
		}
	}
	json_doc_done(&doc);
	return 0;
}

FUZZ_MAIN("json")
