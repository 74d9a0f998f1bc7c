/* SPDX-License-Identifier: MIT */
/*
 * Writes: see the header. A map of lines, each a list; a line goes with its
 * last write.
 */
#include "core/write.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

struct write_line {
	struct map_node node;
	TAILQ_HEAD(, write) writes;
	size_t n_uuid;
	char uuid[];
};

void
write_lines_init(struct write_lines *lines, struct due *due)
{
	map_init(&lines->by_uuid);
	lines->due = due;
}

void
write_lines_done(struct write_lines *lines)
{
	struct map_node *node;

	while ((node = map_first(&lines->by_uuid))) {
		struct write_line *line =
		    container_of(node, struct write_line, node);

		write_free(lines, TAILQ_FIRST(&line->writes));
	}
	map_done(&lines->by_uuid);
}

static int
line_get(struct write_lines *lines, struct slice uuid, struct write_line **ret)
{
	struct map_node *node = map_find(&lines->by_uuid, uuid);
	_cleanup_(freep) struct write_line *line = NULL;
	int r;

	if (node) {
		*ret = container_of(node, struct write_line, node);
		return 0;
	}
	line = calloc(1, sizeof(*line) + uuid.n);
	if (!line)
		return -ENOMEM;
	TAILQ_INIT(&line->writes);
	line->n_uuid = uuid.n;
	memcpy(line->uuid, uuid.data, uuid.n);
	r = map_put(&lines->by_uuid, &line->node,
	    (struct slice){line->uuid, line->n_uuid});
	if (r < 0)
		return r;
	*ret = TAKE_PTR(line); /* the map's now */
	return 0;
}

static size_t
total_bytes(const struct slice *slices, size_t n)
{
	size_t n_bytes = 0;

	for (size_t i = 0; i < n; i++)
		n_bytes += slices[i].n;
	return n_bytes;
}

static struct slice
append(char **at, struct slice slice)
{
	struct slice copy = {*at, slice.n};

	if (slice.n)
		memcpy(*at, slice.data, slice.n);
	*at += slice.n;
	return copy;
}

int
write_add(struct write_lines *lines, const struct slice *channels,
    size_t n_channels, const struct slice *groups, size_t n_groups,
    struct slice uuid, struct slice state, uid_t uid, struct write **ret)
{
	size_t n_names = n_channels + n_groups;
	size_t n_bytes = total_bytes(channels, n_channels) +
	    total_bytes(groups, n_groups) + uuid.n + state.n;
	_cleanup_(freep) struct write *write = NULL;
	_cleanup_(freep) struct slice *names = NULL;
	char *at;
	int r;

	write = calloc(1, sizeof(*write) + n_bytes);
	names = calloc(n_names ? n_names : 1, sizeof(*names));
	if (!write || !names)
		return -ENOMEM;
	at = write->bytes;
	for (size_t i = 0; i < n_channels; i++)
		names[i] = append(&at, channels[i]);
	for (size_t i = 0; i < n_groups; i++)
		names[n_channels + i] = append(&at, groups[i]);
	write->uuid = append(&at, uuid);
	write->state = append(&at, state);
	r = line_get(lines, uuid, &write->line);
	if (r < 0)
		return r;
	write->names = TAKE_PTR(names);
	write->n_channels = n_channels;
	write->n_groups = n_groups;
	write->due.is_write = true;
	write->uid = uid;
	TAILQ_INSERT_TAIL(&write->line->writes, write, link);
	if (TAILQ_FIRST(&write->line->writes) == write)
		due_wait(lines->due, &write->due, uid);
	*ret = TAKE_PTR(write);
	return 0;
}

struct write *
write_free(struct write_lines *lines, struct write *write)
{
	struct write_line *line = write->line;
	struct write *head;

	assert(!write->ask);
	due_remove(lines->due, &write->due);
	TAILQ_REMOVE(&line->writes, write, link);
	free(write->names);
	free(write);
	head = TAILQ_FIRST(&line->writes);
	if (!head) {
		map_remove(&lines->by_uuid, &line->node);
		free(line);
	} else if (!head->is_in_air)
		due_wait(lines->due, &head->due, head->uid);
	return NULL;
}
