/* SPDX-License-Identifier: MIT */
/*
 * JSON: one text checked and cut into byte slices. The daemon's only reader:
 * what passes here has no duplicate names, no bad UTF-8, no escape without a
 * character, and no number or state is ever re-written, since every node is
 * the bytes of the text itself.
 *
 * Ownership: the doc owns its nodes and borrows the text, which must stay as
 *            long as the nodes are looked at. Nodes are valid until the next
 *            parse into the same doc, or json_doc_done().
 * Lifetime:  {0} is a valid empty doc. Parsing again keeps its memory (20 bytes
 *            a node), so that the thousandth request allocates nothing; after
 *            a body of megabytes json_doc_done() gives it back.
 * Errors:    an enum json_result, or -ENOMEM. A doc whose last parse was not
 *            JSON_OK has no nodes, and error_at tells where it stopped.
 * Law:       RFC 8259 and nothing more; see json_parse().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/slice.h"

/* What clients may nest, and what we accept of an upstream's body: one deep
 * state must not spoil an answer about others. */
#define JSON_DEPTH_LOCAL    32
#define JSON_DEPTH_UPSTREAM 64

enum json_result {
	JSON_OK = 0,
	JSON_EMPTY,      /* nothing but white space */
	JSON_BAD_SYNTAX, /* at error_at */
	JSON_TRUNCATED,  /* ends before the value does */
	JSON_TRAILING,   /* something follows the value */
	JSON_BAD_STRING, /* a raw control character, or an unknown escape */
	JSON_BAD_UTF8,   /* bytes, or half of an escaped surrogate pair */
	JSON_DUPLICATE,  /* one name twice in one object, once unescaped */
	JSON_TOO_DEEP,
	JSON_TOO_LONG, /* over JSON_TEXT_MAX */
};

#define JSON_TEXT_MAX (UINT32_MAX - 1)

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/*
 * Nodes lie in the order of the text. A name is a string node directly in
 * front of its value, and its "next" is behind that value, so that walking an
 * object is walking its names.
 */
struct json_node {
	uint32_t at, n; /* the text's bytes, quotes and brackets included */
	uint32_t next;  /* index of the node behind this subtree */
	uint32_t n_children; /* items of an array, members of an object */
	uint8_t kind;        /* enum json_kind */
	bool escaped;        /* a string that holds a backslash */
	bool has_next;       /* another item or member follows in its parent */
};

struct json_doc {
	const char *text; /* borrowed */
	size_t n;
	struct json_node *nodes;
	size_t n_nodes, n_alloc;
	size_t error_at;
	/* For finding duplicates in large objects. */
	struct json_slot *slots;
	size_t n_slots;
	struct hash_seed seed;
	bool seeded;
	struct buffer scratch;
};

/*
 * White space is space, tab, CR and LF. Refused: byte order marks, comments,
 * trailing commas, NaN, leading zeros, control characters in strings, lone
 * surrogates, duplicate names, trailing bytes, a container nested deeper than
 * max_depth others (of 32: 32 are accepted, the 33rd is not).
 */
int json_parse(struct json_doc *doc, struct slice text, unsigned max_depth);
void json_doc_done(struct json_doc *doc);
/* What an enum json_result means, for people; static text. */
const char *json_result_to_string(int result);

/* The value itself; never NULL after JSON_OK. */
const struct json_node *json_root(const struct json_doc *doc);
/* The first item of an array, the first name of an object; NULL if there is
 * none, or if the node is neither. */
const struct json_node *json_first_child(
    const struct json_doc *doc, const struct json_node *node);
/* The item or name behind this one; NULL at the end. */
const struct json_node *json_next(
    const struct json_doc *doc, const struct json_node *node);
/* The value of a name. */
const struct json_node *json_value(
    const struct json_doc *doc, const struct json_node *name);
/* The value of the member so called (compared unescaped); NULL if there is
 * none or the node is not an object. Looks at each: for objects of few members. */
const struct json_node *json_find(const struct json_doc *doc,
    const struct json_node *object, const char *name);

#define JSON_FOREACH(child, doc, node)                           \
	for ((child) = json_first_child((doc), (node)); (child); \
	     (child) = json_next((doc), (child)))

/* The node's own text: quotes, brackets and inner white space included. */
struct slice json_slice(
    const struct json_doc *doc, const struct json_node *node);

/* Of a string node, between the quotes, escapes as they stand. */
struct slice json_string_raw(
    const struct json_doc *doc, const struct json_node *string);
/*
 * Of a string node, what it says: borrowed from the text itself or, if it has
 * escapes, written into scratch (cleared first) and borrowed from there. The
 * result may hold NUL. -ENOMEM or 0.
 */
int json_string(const struct json_doc *doc, const struct json_node *string,
    struct buffer *scratch, struct slice *ret);
/* The same, appended to a buffer, which bears the failure. */
void json_string_decode(const struct json_doc *doc,
    const struct json_node *string, struct buffer *buffer);
/* Whether the node is a string that says exactly this. */
bool json_string_is(const struct json_doc *doc, const struct json_node *node,
    struct slice text);

/* Whether the node is true or false, and which. */
bool json_bool(const struct json_node *node, bool *ret);

enum json_number_result {
	JSON_NUMBER_OK = 0,
	JSON_NUMBER_WRONG,        /* not a number, or not of this kind */
	JSON_NUMBER_OUT_OF_RANGE, /* of this kind, but does not fit the int64_t */
};

/* An integer without fraction or exponent ("1.0" and "1e3" are none). */
int json_int(
    const struct json_doc *doc, const struct json_node *node, int64_t *ret);
/*
 * Seconds, not negative, fractions and exponents allowed, as microseconds:
 * exact, what is beyond the sixth decimal cut off; "-0" is 0.
 */
int json_usec(
    const struct json_doc *doc, const struct json_node *node, int64_t *ret);

/* Writers. Appends text, which is valid UTF-8, as a JSON string with its
 * quotes; escapes quotes, backslashes and control characters, nothing else. */
void json_add_string(struct buffer *buffer, struct slice text);
/* Appends a text or node that passed json_parse(). Its raw newlines and
 * carriage returns, which can only be white space, become spaces: so a line
 * protocol is never broken by them. */
void json_add_text(struct buffer *buffer, struct slice json);
