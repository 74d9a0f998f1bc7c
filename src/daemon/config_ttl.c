/* SPDX-License-Identifier: MIT */
/*
 * Ttl: which rule is the longest match is policy's to say, not ours.
 */
#include "daemon/config_ttl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "daemon/config_keys.h"
#include "daemon/config_number.h"
#include "model/key.h"

/* Puts the name together again if it held a "="; moves *value behind it. */
static void
join_name(const char *name, const char **value, struct buffer *ret)
{
	const char *last = strrchr(*value, '=');
	struct slice whole;

	buffer_add_text(ret, name);
	if (last) {
		buffer_add_char(ret, '=');
		buffer_add(ret, *value, (size_t)(last - *value));
		*value = last + 1 + strspn(last + 1, " \t");
	}
	whole = slice_trim((struct slice){ret->data, ret->n}, " \t");
	if (whole.n >= 2 && whole.data[0] == '"' &&
	    whole.data[whole.n - 1] == '"')
		whole = (struct slice){whole.data + 1, whole.n - 2};
	if (whole.n > 0 && !buffer_is_failed(ret))
		memmove(ret->data, whole.data, whole.n);
	ret->n = whole.n;
}

/* Sets what the rule is for: a name, or what is in front of a "*". */
static int
set_name(struct config_ttl *rule, struct slice name, struct buffer *why)
{
	bool is_star = name.n > 0 && name.data[name.n - 1] == '*';

	if (!name_is_valid(name)) {
		buffer_add_format(
		    why, "\"%.*s\" is not a name", (int)name.n, name.data);
		return CONFIG_VALUE_BAD;
	}
	if (is_star && !name_is_wildcard(name)) {
		buffer_add_format(why,
		    "\"%.*s\" is neither a name nor prefix.* (for all names, "
		    "set ttl in [cache])",
		    (int)name.n, name.data);
		return CONFIG_VALUE_BAD;
	}
	rule->is_prefix = is_star;
	rule->name = strndup(name.data, name.n - is_star);
	return rule->name ? 0 : -ENOMEM;
}

int
config_ttl_parse(const char *name, const char *value, struct config_ttl *ret,
    struct buffer *why)
{
	const struct config_key *ttl =
	    config_key_get((size_t)config_key_find("cache", "ttl"));
	_cleanup_(config_ttl_done) struct config_ttl rule = {0};
	_cleanup_(buffer_done) struct buffer whole = {0};
	int r;

	join_name(name, &value, &whole);
	if (buffer_is_failed(&whole))
		return -ENOMEM;
	r = set_name(&rule, (struct slice){whole.data, whole.n}, why);
	if (r == 0)
		r = config_parse_number(ttl, value, &rule.ttl_usec, why);
	if (r != 0)
		return r;
	rule.source.text = strdup(value);
	if (!rule.source.text)
		return -ENOMEM;
	*ret = rule;
	rule = (struct config_ttl){0};
	return 0;
}

void
config_ttl_done(struct config_ttl *rule)
{
	free(rule->name);
	free(rule->source.text);
	free(rule->source.place);
	*rule = (struct config_ttl){0};
}

struct config_ttl *
config_ttl_find(const struct config *config, const struct config_ttl *like)
{
	for (size_t i = 0; i < config->n_ttl; i++)
		if (config->ttl[i].is_prefix == like->is_prefix &&
		    strcmp(config->ttl[i].name, like->name) == 0)
			return &config->ttl[i];
	return NULL;
}

int
config_ttl_put(struct config *config, struct config_ttl *rule)
{
	struct config_ttl *held = config_ttl_find(config, rule);
	struct config_ttl *rules;

	if (held) {
		config_ttl_done(held);
	} else {
		if (config->n_ttl == CONFIG_TTL_MAX)
			return CONFIG_VALUE_BAD;
		rules = reallocarray(
		    config->ttl, config->n_ttl + 1, sizeof(*rules));
		if (!rules)
			return -ENOMEM;
		config->ttl = rules;
		held = &rules[config->n_ttl++];
	}
	*held = *rule;
	*rule = (struct config_ttl){0};
	return 0;
}
