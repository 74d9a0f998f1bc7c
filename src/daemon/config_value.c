/* SPDX-License-Identifier: MIT */
/*
 * Values: yes and no, one of several words; all else by its type.
 */
#include "daemon/config_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "daemon/config_list.h"
#include "daemon/config_number.h"
#include "daemon/config_text.h"
#include "daemon/config_who.h"

static int
parse_bool(const char *text, bool *target, struct buffer *why)
{
	static const char *const yes[] = {"yes", "on", "true", "1"};
	static const char *const no[] = {"no", "off", "false", "0"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcmp(text, yes[i]) == 0) {
			*target = true;
			return 0;
		}
		if (strcmp(text, no[i]) == 0) {
			*target = false;
			return 0;
		}
	}
	buffer_add_format(why, "\"%s\" is neither yes nor no", text);
	return CONFIG_VALUE_BAD;
}

static int
parse_word(const struct config_key *key, const char *text, int *target,
    struct buffer *why)
{
	const char *nearest;

	for (int i = 0; key->words[i]; i++)
		if (strcmp(text, key->words[i]) == 0) {
			*target = i;
			return 0;
		}
	buffer_add_format(why, "\"%s\" is none of", text);
	for (int i = 0; key->words[i]; i++)
		buffer_add_format(
		    why, "%s %s", i > 0 ? "," : "", key->words[i]);
	nearest = config_nearest(text, key->words);
	if (nearest)
		buffer_add_format(why, "; did you mean \"%s\"?", nearest);
	return CONFIG_VALUE_BAD;
}

int
config_value_parse(const struct config_key *key, const char *text, void *target,
    struct buffer *why)
{
	switch (key->type) {
	case CONFIG_STRING:
	case CONFIG_NAME:
	case CONFIG_ORIGIN:
	case CONFIG_ADDRESS:
	case CONFIG_PATH:
	case CONFIG_SECRET:
	case CONFIG_DECIMAL:
		return config_parse_text(key, text, target, why);
	case CONFIG_BOOL:
		return parse_bool(text, target, why);
	case CONFIG_WORD:
		return parse_word(key, text, target, why);
	case CONFIG_INT:
	case CONFIG_SIZE:
	case CONFIG_TIME:
	case CONFIG_PERCENT:
	case CONFIG_BITS:
		return config_parse_number(key, text, target, why);
	case CONFIG_LIST:
		return config_parse_names(text, target, why);
	case CONFIG_RULE:
		return config_parse_rule(text, target, why);
	}
	return -EINVAL;
}

void
config_value_done(const struct config_key *key, void *target)
{
	switch (key->type) {
	case CONFIG_STRING:
	case CONFIG_NAME:
	case CONFIG_ORIGIN:
	case CONFIG_ADDRESS:
	case CONFIG_PATH:
	case CONFIG_SECRET:
	case CONFIG_DECIMAL:
		free(*(char **)target);
		*(char **)target = NULL;
		break;
	case CONFIG_LIST:
		config_list_done(target);
		break;
	case CONFIG_RULE:
		access_rule_done(target);
		break;
	case CONFIG_BOOL:
	case CONFIG_WORD:
	case CONFIG_INT:
	case CONFIG_SIZE:
	case CONFIG_TIME:
	case CONFIG_PERCENT:
	case CONFIG_BITS:
		break;
	}
}
