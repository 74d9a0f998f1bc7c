/* SPDX-License-Identifier: MIT */
/*
 * Lists: splits at commas; what is around them is white space, what is inside
 * a name is the name's.
 */
#include "daemon/config_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "daemon/config_keys.h"
#include "model/key.h"

void
config_list_done(struct config_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct config_list){0};
}

int
config_list_add(struct config_list *list, const char *word, size_t n)
{
	char **names;

	names = reallocarray(list->names, list->n + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	list->names = names;
	names[list->n] = strndup(word, n);
	if (!names[list->n])
		return -ENOMEM;
	list->n++;
	return 0;
}

static int
parse_list(const char *text, struct config_list *target, struct buffer *why)
{
	_cleanup_(config_list_done) struct config_list list = {0};
	bool more = text[strspn(text, " \t")] != '\0';

	while (more) {
		size_t n = strcspn(text, ",");
		size_t skip = strspn(text, " \t");
		size_t end = n;
		int r;

		while (end > skip && strchr(" \t", text[end - 1]))
			end--;
		if (skip >= end) {
			buffer_add_text(
			    why, "a comma with no name before or behind it");
			return CONFIG_VALUE_BAD;
		}
		r = config_list_add(&list, text + skip, end - skip);
		if (r < 0)
			return r;
		more = text[n] == ',';
		text += n + more;
	}
	config_list_done(target);
	*target = list;
	list = (struct config_list){0};
	return 0;
}

int
config_parse_names(
    const char *text, struct config_list *target, struct buffer *why)
{
	_cleanup_(config_list_done) struct config_list list = {0};
	int r = parse_list(text, &list, why);

	for (size_t i = 0; i < list.n && r == 0; i++)
		if (!name_is_valid(slice_of(list.names[i]))) {
			buffer_add_format(
			    why, "\"%s\" is not a name", list.names[i]);
			r = CONFIG_VALUE_BAD;
		}
	if (r != 0)
		return r;
	config_list_done(target);
	*target = list;
	list = (struct config_list){0};
	return 0;
}
