/* SPDX-License-Identifier: MIT */
/*
 * JSON, checked: one pass over the text, which appends a node for each value
 * and name. Open containers are a list through the nodes themselves (the index
 * of the outer one stands in "next" until the inner one is closed), so that
 * depth costs no stack, neither ours nor the machine's.
 *
 * Law: whatever is not allowed by RFC 8259 is refused, here and nowhere else.
 */
#include "base/json.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_names.h"
#include "base/utf8.h"

#define NO_NODE UINT32_MAX

/* A request has some twenty nodes; a body grows by doubling. */
#define NODES_MIN 64

enum want {
	WANT_VALUE,
	WANT_ITEM_OR_END, /* behind '[' */
	WANT_NAME,
	WANT_NAME_OR_END, /* behind '{' */
	WANT_COMMA_OR_END,
	WANT_NOTHING, /* the value is whole */
};

struct scan {
	struct json_doc *doc;
	const char *p;
	const char *end;
	enum want want;
	uint32_t open; /* the innermost open container, or NO_NODE */
	uint32_t last; /* the value that was finished last */
	unsigned depth;
	unsigned max_depth;
};

static int
fail(struct scan *scan, const char *at, int result)
{
	scan->doc->error_at = (size_t)(at - scan->doc->text);
	return result;
}

/* Something else than allowed here, or nothing at all. */
static int
fail_at(struct scan *scan, const char *at)
{
	return fail(
	    scan, at, at == scan->end ? JSON_TRUNCATED : JSON_BAD_SYNTAX);
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline void
skip_space(struct scan *scan)
{
	while (scan->p < scan->end &&
	    (*scan->p == ' ' || *scan->p == '\n' || *scan->p == '\r' ||
		*scan->p == '\t'))
		scan->p++;
}

static int
grow(struct json_doc *doc)
{
	size_t n_alloc = doc->n_alloc ? doc->n_alloc * 2 : NODES_MIN;
	struct json_node *nodes;

	nodes = reallocarray(doc->nodes, n_alloc, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	doc->nodes = nodes;
	doc->n_alloc = n_alloc;
	return 0;
}

/* Adds the node of the text from scan->p to end. */
static inline int
add_node(struct scan *scan, enum json_kind kind, const char *end)
{
	struct json_doc *doc = scan->doc;
	int r;

	if (doc->n_nodes == doc->n_alloc) {
		r = grow(doc);
		if (r < 0)
			return r;
	}
	doc->nodes[doc->n_nodes] = (struct json_node){
	    .at = (uint32_t)(scan->p - doc->text),
	    .n = (uint32_t)(end - scan->p),
	    .next = (uint32_t)doc->n_nodes + 1,
	    .kind = (uint8_t)kind,
	};
	doc->n_nodes++;
	scan->p = end;
	return 0;
}

static inline enum json_kind
open_kind(const struct scan *scan)
{
	return (enum json_kind)scan->doc->nodes[scan->open].kind;
}

static inline void
finish_value(struct scan *scan, uint32_t value)
{
	struct json_node *nodes = scan->doc->nodes;

	scan->last = value;
	if (scan->open == NO_NODE) {
		scan->want = WANT_NOTHING;
		return;
	}
	if (open_kind(scan) == JSON_OBJECT)
		nodes[value - 1].next = nodes[value].next; /* its name */
	nodes[scan->open].n_children++;
	scan->want = WANT_COMMA_OR_END;
}

static inline int
add_scalar(struct scan *scan, enum json_kind kind, const char *end)
{
	int r = add_node(scan, kind, end);

	if (r == 0)
		finish_value(scan, (uint32_t)scan->doc->n_nodes - 1);
	return r;
}

#define ONES           UINT64_C(0x0101010101010101)
#define EACH(byte)     (ONES * (byte))
#define HAS_ZERO(word) (((word)-ONES) & ~(word))

/*
 * The high bit of each byte that is a quote, a backslash, a control character
 * or not ASCII. A byte above a marked one may be marked wrongly (the
 * subtraction borrows), the lowest mark is right.
 */
static inline uint64_t
mark_special(uint64_t word)
{
	return (HAS_ZERO(word ^ EACH('"')) | HAS_ZERO(word ^ EACH('\\')) |
		   ((word - EACH(0x20)) & ~word) | word) &
	    EACH(0x80);
}

/* To the next byte of a string that is not plain, or to the end. */
static inline const char *
skip_plain(const char *p, const char *end)
{
	uint64_t word, marks;
	unsigned char c;

	for (; end - p >= 8; p += 8) {
		memcpy(&word, p, 8);
		marks = mark_special(le64toh(word));
		if (marks)
			return p + __builtin_ctzll(marks) / 8;
	}
	for (; p < end; p++) {
		c = (unsigned char)*p;
		if (c == '"' || c == '\\' || c < 0x20 || c >= 0x80)
			break;
	}
	return p;
}

/* What stands at p as "\uXXXX"; negative if that is not what stands there. */
static int
read_unit(const char *p, const char *end)
{
	int unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		const char c = p[i], lower = (char)(c | 0x20);

		if (is_digit(c))
			unit = unit << 4 | (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			unit = unit << 4 | (lower - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/* At a backslash; *p moves behind what belongs to it. */
static int
scan_escape(struct scan *scan, const char **p)
{
	const char *at = *p;
	int unit, low;

	if (scan->end - at < 2)
		return fail(scan, scan->end, JSON_TRUNCATED);
	if (at[1] != 'u') {
		*p += 2;
		if (at[1] != '\0' && strchr("\"\\/bfnrt", at[1]))
			return JSON_OK;
		return fail(scan, at, JSON_BAD_STRING);
	}
	unit = read_unit(at, scan->end);
	if (unit < 0)
		return fail(scan, at, JSON_BAD_STRING);
	*p += 6;
	if (unit < 0xd800 || unit > 0xdfff)
		return JSON_OK;
	/* A high half and then a low one, or it is nobody's character. */
	low = read_unit(at + 6, scan->end);
	if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return fail(scan, at, JSON_BAD_UTF8);
	*p += 6;
	return JSON_OK;
}

/* A backslash, bytes that are not ASCII, or what must not be; *p moves behind. */
static int
scan_special(struct scan *scan, const char **p)
{
	size_t n;

	if (**p == '\\')
		return scan_escape(scan, p);
	if ((unsigned char)**p < 0x20)
		return fail(scan, *p, JSON_BAD_STRING);
	/* Whoever writes one such character usually writes several. */
	do {
		n = utf8_sequence(*p, (size_t)(scan->end - *p));
		if (n == 0)
			return fail(scan, *p, JSON_BAD_UTF8);
		*p += n;
	} while (*p < scan->end && (unsigned char)**p >= 0x80);
	return JSON_OK;
}

/* At a quote: adds the node of the string. */
static int
scan_string(struct scan *scan)
{
	const char *p = scan->p + 1;
	bool escaped = false;
	int r;

	for (;;) {
		p = skip_plain(p, scan->end);
		if (p == scan->end)
			return fail(scan, p, JSON_TRUNCATED);
		if (*p == '"')
			break;
		escaped |= *p == '\\';
		r = scan_special(scan, &p);
		if (r != JSON_OK)
			return r;
	}
	r = add_node(scan, JSON_STRING, p + 1);
	if (r == 0)
		scan->doc->nodes[scan->doc->n_nodes - 1].escaped = escaped;
	return r;
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* At a minus sign or a digit. */
static int
scan_number(struct scan *scan)
{
	const char *p = scan->p, *end = scan->end, *from;

	if (*p == '-')
		p++;
	from = p;
	p = skip_digits(p, end);
	if (p == from)
		return fail_at(scan, p);
	if (*from == '0' && p - from > 1)
		return fail(scan, from, JSON_BAD_SYNTAX);
	if (p < end && *p == '.') {
		from = ++p;
		p = skip_digits(p, end);
		if (p == from)
			return fail_at(scan, p);
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = skip_digits(p, end);
		if (p == from)
			return fail_at(scan, p);
	}
	return add_scalar(scan, JSON_NUMBER, p);
}

static int
scan_word(struct scan *scan, struct slice word, enum json_kind kind)
{
	const char *p = scan->p;

	for (size_t i = 0; i < word.n; i++, p++) {
		if (p == scan->end || *p != word.data[i])
			return fail_at(scan, p);
	}
	return add_scalar(scan, kind, p);
}

static int
scan_open(struct scan *scan, enum json_kind kind)
{
	struct json_doc *doc = scan->doc;
	int r;

	if (scan->depth == scan->max_depth)
		return fail(scan, scan->p, JSON_TOO_DEEP);
	r = add_node(scan, kind, scan->p + 1);
	if (r < 0)
		return r;
	scan->depth++;
	doc->nodes[doc->n_nodes - 1].next = scan->open;
	scan->open = (uint32_t)doc->n_nodes - 1;
	scan->want = kind == JSON_OBJECT ? WANT_NAME_OR_END : WANT_ITEM_OR_END;
	return JSON_OK;
}

/* At the bracket that ends the innermost container. */
static int
scan_close(struct scan *scan)
{
	struct json_doc *doc = scan->doc;
	const uint32_t index = scan->open;
	struct json_node *node = &doc->nodes[index];
	uint32_t name;
	int r;

	scan->p++;
	scan->depth--;
	scan->open = node->next;
	node->next = (uint32_t)doc->n_nodes;
	node->n = (uint32_t)(scan->p - doc->text) - node->at;
	if (node->kind == JSON_OBJECT) {
		r = json_names_check(doc, node, &name);
		if (r > 0)
			return fail(scan, doc->text + doc->nodes[name].at, r);
		if (r < 0)
			return r;
	}
	finish_value(scan, index);
	return JSON_OK;
}

static int
scan_value(struct scan *scan)
{
	int r;

	switch (*scan->p) {
	case '"':
		r = scan_string(scan);
		if (r == JSON_OK)
			finish_value(scan, (uint32_t)scan->doc->n_nodes - 1);
		return r;
	case '{':
		return scan_open(scan, JSON_OBJECT);
	case '[':
		return scan_open(scan, JSON_ARRAY);
	case 'n':
		return scan_word(scan, SLICE("null"), JSON_NULL);
	case 'f':
		return scan_word(scan, SLICE("false"), JSON_FALSE);
	case 't':
		return scan_word(scan, SLICE("true"), JSON_TRUE);
	default:
		if (*scan->p == '-' || is_digit(*scan->p))
			return scan_number(scan);
		return fail(scan, scan->p, JSON_BAD_SYNTAX);
	}
}

static int
scan_name(struct scan *scan)
{
	int r;

	if (*scan->p != '"')
		return fail(scan, scan->p, JSON_BAD_SYNTAX);
	r = scan_string(scan);
	if (r != JSON_OK)
		return r;
	skip_space(scan);
	if (scan->p == scan->end || *scan->p != ':')
		return fail_at(scan, scan->p);
	scan->p++;
	scan->want = WANT_VALUE;
	return JSON_OK;
}

static int
scan_comma_or_end(struct scan *scan)
{
	const bool is_object = open_kind(scan) == JSON_OBJECT;

	if (*scan->p == (is_object ? '}' : ']'))
		return scan_close(scan);
	if (*scan->p != ',')
		return fail(scan, scan->p, JSON_BAD_SYNTAX);
	scan->p++;
	scan->doc->nodes[is_object ? scan->last - 1 : scan->last].has_next =
	    true;
	scan->want = is_object ? WANT_NAME : WANT_VALUE;
	return JSON_OK;
}

/* At the first byte of the next token. */
static int
scan_token(struct scan *scan)
{
	switch (scan->want) {
	case WANT_ITEM_OR_END:
		if (*scan->p == ']')
			return scan_close(scan);
		return scan_value(scan);
	case WANT_VALUE:
		return scan_value(scan);
	case WANT_NAME_OR_END:
		if (*scan->p == '}')
			return scan_close(scan);
		return scan_name(scan);
	case WANT_NAME:
		return scan_name(scan);
	case WANT_COMMA_OR_END:
		return scan_comma_or_end(scan);
	case WANT_NOTHING:
		break;
	}
	return fail(scan, scan->p, JSON_TRAILING);
}

static int
scan_text(struct scan *scan)
{
	int r;

	for (;;) {
		skip_space(scan);
		if (scan->p == scan->end)
			break;
		r = scan_token(scan);
		if (r != JSON_OK)
			return r;
	}
	if (scan->doc->n_nodes == 0)
		return fail(scan, scan->p, JSON_EMPTY);
	if (scan->want != WANT_NOTHING)
		return fail(scan, scan->p, JSON_TRUNCATED);
	return JSON_OK;
}

int
json_parse(struct json_doc *doc, struct slice text, unsigned max_depth)
{
	struct scan scan = {
	    .doc = doc, .open = NO_NODE, .max_depth = max_depth};
	int r;

	doc->text = text.n > 0 ? text.data : "";
	doc->n = text.n;
	doc->n_nodes = 0;
	doc->error_at = 0;
	if (text.n > JSON_TEXT_MAX)
		return JSON_TOO_LONG;
	scan.p = doc->text;
	scan.end = doc->text + text.n;
	r = scan_text(&scan);
	if (r != JSON_OK)
		doc->n_nodes = 0;
	return r;
}
