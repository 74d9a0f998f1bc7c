/* SPDX-License-Identifier: MIT */
/*
 * From text to tree, by descent: each level of precedence is one function,
 * and calls the next. What a tree says of an item is in filter_eval.c.
 */
#include "emulator/filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/filter_tree.h"

#define NODES_MIN 16

/* An expression under way. Negative results are errors, FILTER_REFUSED is what
 * somebody wrote, and FILTER_FINE has the place of a node in *ret. */
struct parse {
	struct filter *filter;
	char *at;
	char *end;
	unsigned depth;
};

/* An operator of two operands, by how it is written; first the longer. */
struct infix {
	const char *text;
	enum filter_kind kind;
};

static int parse_or(struct parse *parse, size_t *ret);

static int
add_node(struct parse *parse, const struct filter_node *node, size_t *ret)
{
	struct filter *filter = parse->filter;

	if (filter->n == filter->n_alloc) {
		size_t n = filter->n_alloc ? filter->n_alloc * 2 : NODES_MIN;
		struct filter_node *nodes =
		    realloc(filter->nodes, n * sizeof(*nodes));

		if (!nodes)
			return -ENOMEM;
		filter->nodes = nodes;
		filter->n_alloc = n;
	}
	*ret = filter->n;
	filter->nodes[filter->n++] = *node;
	return FILTER_FINE;
}

static void
skip_blanks(struct parse *parse)
{
	while (parse->at < parse->end && strchr(" \t\r\n", *parse->at) &&
	    *parse->at)
		parse->at++;
}

static bool
is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

/* Words end where no name goes on; they may be written in capitals. */
static bool
take(struct parse *parse, const char *text)
{
	size_t n = strlen(text);

	skip_blanks(parse);
	if ((size_t)(parse->end - parse->at) < n ||
	    strncasecmp(parse->at, text, n) != 0)
		return false;
	if (is_name_char(text[0]) && parse->at + n < parse->end &&
	    is_name_char(parse->at[n]))
		return false;
	parse->at += n;
	return true;
}

/* What is between two quotes, either kind; a backslash takes the next byte as
 * it is, and stays where "like" will need it. */
static int
take_string(struct parse *parse, struct slice *ret)
{
	const char quote = *parse->at++;
	char *from = parse->at, *to = parse->at;

	while (parse->at < parse->end && *parse->at != quote) {
		if (*parse->at == '\\' && parse->at + 1 < parse->end) {
			if (parse->at[1] == '*')
				*to++ = '\\';
			parse->at++;
		}
		*to++ = *parse->at++;
	}
	if (parse->at == parse->end)
		return FILTER_REFUSED;
	parse->at++;
	*ret = (struct slice){from, (size_t)(to - from)};
	return FILTER_FINE;
}

/* 32, 0.8; a sign is an operator. */
static bool
take_number(struct parse *parse, double *ret)
{
	double scale = 1;
	char *from = parse->at;

	for (*ret = 0;
	     parse->at < parse->end && isdigit((unsigned char)*parse->at);
	     parse->at++)
		*ret = *ret * 10 + (*parse->at - '0');
	if (parse->at == from)
		return false;
	if (parse->at + 1 < parse->end && *parse->at == '.' &&
	    isdigit((unsigned char)parse->at[1]))
		for (parse->at++; parse->at < parse->end &&
		     isdigit((unsigned char)*parse->at);
		     parse->at++)
			*ret += (*parse->at - '0') * (scale /= 10);
	return parse->at == parse->end || !is_name_char(*parse->at);
}

static bool
take_name(struct parse *parse, struct slice *ret)
{
	char *from = parse->at;

	if (from < parse->end && isdigit((unsigned char)*from))
		return false;
	while (parse->at < parse->end && is_name_char(*parse->at))
		parse->at++;
	*ret = (struct slice){from, (size_t)(parse->at - from)};
	return ret->n > 0;
}

/* Behind a "[": ["role"] or [0]. */
static int
parse_subscript(struct parse *parse, size_t *node)
{
	struct filter_node step = {.left = *node};
	int r;

	skip_blanks(parse);
	if (parse->at < parse->end &&
	    (*parse->at == '"' || *parse->at == '\'')) {
		step.kind = FILTER_MEMBER;
		r = take_string(parse, &step.text);
		if (r != FILTER_FINE)
			return r;
	} else {
		step.kind = FILTER_INDEX;
		if (!take_number(parse, &step.number))
			return FILTER_REFUSED;
	}
	if (!take(parse, "]"))
		return FILTER_REFUSED;
	return add_node(parse, &step, node);
}

/* What follows a name: .name, [0], ["name"]. */
static int
parse_steps(struct parse *parse, size_t *node)
{
	int r = FILTER_FINE;

	while (r == FILTER_FINE && parse->at < parse->end) {
		struct filter_node step = {
		    .kind = FILTER_MEMBER, .left = *node};

		if (*parse->at == '[') {
			parse->at++;
			r = parse_subscript(parse, node);
		} else if (*parse->at == '.') {
			parse->at++;
			r = take_name(parse, &step.text) ?
			    add_node(parse, &step, node) :
			    FILTER_REFUSED;
		} else {
			break;
		}
	}
	return r;
}

/* meta.role, data.score, or role alone, which is meta's. */
static int
parse_reference(struct parse *parse, size_t *ret)
{
	struct filter_node step = {.kind = FILTER_MEMBER};
	struct filter_node root = {.kind = FILTER_META};
	bool is_root;
	int r;

	if (!take_name(parse, &step.text))
		return FILTER_REFUSED;
	is_root =
	    parse->at < parse->end && (*parse->at == '.' || *parse->at == '[');
	if (is_root && slice_is(step.text, SLICE("data")))
		root.kind = FILTER_DATA;
	else if (!is_root || !slice_is(step.text, SLICE("meta")))
		is_root = false;
	r = add_node(parse, &root, ret);
	if (r == FILTER_FINE && !is_root) {
		step.left = *ret;
		r = add_node(parse, &step, ret);
	}
	return r == FILTER_FINE ? parse_steps(parse, ret) : r;
}

/* Behind a "(": an expression, or a list of them. */
static int
parse_parenthesis(struct parse *parse, size_t *ret)
{
	struct filter_node list = {.kind = FILTER_LIST};
	int r = parse_or(parse, ret);

	while (r == FILTER_FINE && take(parse, ",")) {
		list.left = *ret;
		r = parse_or(parse, &list.right);
		if (r == FILTER_FINE)
			r = add_node(parse, &list, ret);
	}
	if (r == FILTER_FINE && !take(parse, ")"))
		return FILTER_REFUSED;
	return r;
}

static int
parse_primary(struct parse *parse, size_t *ret)
{
	struct filter_node node = {.kind = FILTER_NUMBER};
	int r;

	if (take(parse, "("))
		return parse_parenthesis(parse, ret);
	if (parse->at == parse->end)
		return FILTER_REFUSED;
	if (*parse->at == '"' || *parse->at == '\'') {
		node.kind = FILTER_STRING;
		r = take_string(parse, &node.text);
		return r == FILTER_FINE ? add_node(parse, &node, ret) : r;
	}
	if (!isdigit((unsigned char)*parse->at))
		return parse_reference(parse, ret);
	return take_number(parse, &node.number) ? add_node(parse, &node, ret) :
						  FILTER_REFUSED;
}

/* "!" and "-", before anything. */
static int
parse_prefixed(struct parse *parse, size_t *ret)
{
	struct filter_node node = {.kind = FILTER_NOT};
	bool found = take(parse, "!");
	int r;

	if (!found && take(parse, "-")) {
		node.kind = FILTER_NEGATE;
		found = true;
	}
	if (parse->depth == FILTER_DEPTH_MAX)
		return FILTER_REFUSED;
	parse->depth++;
	r = found ? parse_prefixed(parse, &node.left) :
		    parse_primary(parse, ret);
	parse->depth--;
	return found && r == FILTER_FINE ? add_node(parse, &node, ret) : r;
}

typedef int (*parse_fn)(struct parse *parse, size_t *ret);

/* Operands of the next level, with any of these operators between them. */
static int
parse_infix(struct parse *parse, const struct infix *infixes, size_t n,
    parse_fn next, size_t *ret)
{
	int r = next(parse, ret);
	size_t i;

	while (r == FILTER_FINE) {
		struct filter_node node = {.left = *ret};

		for (i = 0; i < n; i++)
			if (take(parse, infixes[i].text))
				break;
		if (i == n)
			break;
		node.kind = infixes[i].kind;
		r = next(parse, &node.right);
		if (r == FILTER_FINE)
			r = add_node(parse, &node, ret);
	}
	return r;
}

static int
parse_product(struct parse *parse, size_t *ret)
{
	static const struct infix INFIXES[] = {
	    {"*", FILTER_MULTIPLY},
	    {"/", FILTER_DIVIDE},
	    {"%", FILTER_REMAINDER},
	};

	return parse_infix(
	    parse, INFIXES, ARRAY_SIZE(INFIXES), parse_prefixed, ret);
}

static int
parse_sum(struct parse *parse, size_t *ret)
{
	static const struct infix INFIXES[] = {
	    {"+", FILTER_ADD},
	    {"-", FILTER_SUBTRACT},
	};

	return parse_infix(
	    parse, INFIXES, ARRAY_SIZE(INFIXES), parse_product, ret);
}

static int
parse_comparison(struct parse *parse, size_t *ret)
{
	static const struct infix INFIXES[] = {
	    {"==", FILTER_EQUAL},
	    {"!=", FILTER_UNEQUAL},
	    {"<=", FILTER_LESS_EQUAL},
	    {">=", FILTER_GREATER_EQUAL},
	    {"<", FILTER_LESS},
	    {">", FILTER_GREATER},
	    {"like", FILTER_LIKE},
	    {"contains", FILTER_CONTAINS},
	};

	return parse_infix(parse, INFIXES, ARRAY_SIZE(INFIXES), parse_sum, ret);
}

static int
parse_and(struct parse *parse, size_t *ret)
{
	static const struct infix INFIXES[] = {{"&&", FILTER_AND}};

	return parse_infix(
	    parse, INFIXES, ARRAY_SIZE(INFIXES), parse_comparison, ret);
}

static int
parse_or(struct parse *parse, size_t *ret)
{
	static const struct infix INFIXES[] = {{"||", FILTER_OR}};

	return parse_infix(parse, INFIXES, ARRAY_SIZE(INFIXES), parse_and, ret);
}

int
filter_new(struct slice expression, struct filter **ret)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;
	struct parse parse;
	size_t root;
	int r;

	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return -ENOMEM;
	filter->text = malloc(expression.n + 1);
	if (!filter->text)
		return -ENOMEM;
	if (expression.n > 0)
		memcpy(filter->text, expression.data, expression.n);
	parse = (struct parse){.filter = filter,
	    .at = filter->text,
	    .end = filter->text + expression.n};
	r = parse_or(&parse, &root);
	skip_blanks(&parse);
	if (r == FILTER_FINE && parse.at < parse.end)
		r = FILTER_REFUSED;
	if (r == FILTER_FINE)
		*ret = TAKE_PTR(filter);
	return r;
}

struct filter *
filter_free(struct filter *filter)
{
	if (!filter)
		return NULL;
	free(filter->nodes);
	free(filter->text);
	free(filter);
	return NULL;
}
