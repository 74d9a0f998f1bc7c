/* SPDX-License-Identifier: MIT */
/*
 * Policy: see the header. Only the rules by name need more than a number.
 */
#include "core/policy.h"

#include <string.h>

static int
rule_matches(const struct ttl_rule *rule, struct slice name)
{
	if (!rule->is_prefix)
		return slice_is(rule->name, name);
	return name.n >= rule->name.n &&
	    (rule->name.n == 0 ||
		memcmp(name.data, rule->name.data, rule->name.n) == 0);
}

/* A whole name is a longer match than any prefix of it. */
static size_t
rule_length(const struct ttl_rule *rule)
{
	return 2 * rule->name.n + (rule->is_prefix ? 0 : 1);
}

int64_t
policy_ttl_usec(const struct policy *policy, struct slice name)
{
	const struct ttl_rule *best = NULL;

	for (size_t i = 0; i < policy->n_ttl_rules; i++) {
		const struct ttl_rule *rule = &policy->ttl_rules[i];

		if (!rule_matches(rule, name))
			continue;
		if (!best || rule_length(rule) > rule_length(best))
			best = rule;
	}
	return best ? best->ttl_usec : policy->ttl_usec;
}
