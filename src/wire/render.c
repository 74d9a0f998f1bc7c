/* SPDX-License-Identifier: MIT */
/*
 * Render: see the header. Knows how people look on the wire, not who asked.
 */
#include "wire/render.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"

/* {"uuid":"","state":null} and a comma. */
#define LEAST_BYTES_PER_PERSON 25
/* With a uuid of 36 bytes: a first guess that mostly needs no second. */
#define USUAL_BYTES_PER_PERSON 64

size_t
render_least_bytes(uint64_t n_people)
{
	return n_people > SIZE_MAX / LEAST_BYTES_PER_PERSON ?
	    SIZE_MAX :
	    (size_t)n_people * LEAST_BYTES_PER_PERSON;
}

static void
add_person(
    struct buffer *buffer, const struct occupant *occupant, enum level level)
{
	buffer_add_slice(buffer, SLICE("{\"uuid\":"));
	json_add_string(buffer, occupant->uuid);
	buffer_add_slice(buffer, SLICE(",\"state\":"));
	if (level == LEVEL_STATE && occupant->state.data)
		json_add_text(buffer, occupant->state);
	else
		buffer_add_slice(buffer, SLICE("null"));
	buffer_add_char(buffer, '}');
}

static void
add_people(struct buffer *buffer, const struct roster *roster, enum level level,
    const struct render_cut *cut)
{
	struct roster_walk walk;
	uint64_t n = 0;
	bool ok;

	ok = cut->after.data ? roster_walk_after(roster, &walk, cut->after) :
			       roster_walk_from(roster, &walk, cut->offset);
	for (; ok && n < cut->limit && buffer->n <= cut->max_bytes;
	     ok = roster_walk_next(&walk)) {
		if (n++ > 0)
			buffer_add_char(buffer, ',');
		add_person(buffer, &walk.occupant, level);
	}
}

void
render_add_cut(struct buffer *buffer, const struct roster *roster,
    struct slice name, enum level level, const struct render_cut *cut)
{
	json_add_string(buffer, name);
	buffer_add_slice(buffer, SLICE(":{\"channel_name\":"));
	json_add_string(buffer, name);
	buffer_add_slice(buffer, SLICE(",\"occupancy\":"));
	buffer_add_int(buffer, (int64_t)roster_count(roster));
	buffer_add_slice(buffer, SLICE(",\"occupants\":["));
	if (level > LEVEL_OCCUPANCY)
		add_people(buffer, roster, level, cut);
	buffer_add_slice(buffer, SLICE("]}"));
}

bool
render_cut_is_whole(const struct render_cut *cut, const struct roster *roster)
{
	return !cut->after.data && cut->offset == 0 &&
	    cut->limit >= roster_count(roster);
}

static void
free_body(void *slot)
{
	blob_unref(slot);
}

static int
make_body(const struct roster *roster, struct slice name, enum level level,
    struct blob **ret)
{
	const struct render_cut whole = {
	    .limit = UINT64_MAX, .max_bytes = SIZE_MAX};
	_cleanup_(buffer_done) struct buffer buffer = {0};
	struct blob *blob;

	if (level > LEVEL_OCCUPANCY)
		(void)buffer_reserve(&buffer,
		    (size_t)roster_count(roster) * USUAL_BYTES_PER_PERSON);
	render_add_cut(&buffer, roster, name, level, &whole);
	if (buffer_is_failed(&buffer))
		return -ENOMEM;
	blob = blob_new(buffer.n);
	if (!blob)
		return -ENOMEM;
	memcpy(blob->data, buffer.data, buffer.n);
	*ret = blob;
	return 0;
}

int
render_body(struct roster *roster, struct slice name, enum level level,
    struct blob **ret)
{
	struct blob *blob = roster_slot(roster, level);
	int r;

	if (blob) {
		*ret = blob;
		return RENDER_HELD;
	}
	r = make_body(roster, name, level, &blob);
	if (r < 0)
		return r;
	roster_slot_put(
	    roster, level, blob, sizeof(*blob) + blob->n, free_body);
	*ret = blob;
	return RENDER_MADE;
}

void
render_add_cache(struct buffer *buffer, const struct render_cache *cache)
{
	buffer_add_slice(buffer,
	    cache->hit ? SLICE("{\"hit\":true,\"age\":") :
			 SLICE("{\"hit\":false,\"age\":"));
	buffer_add_seconds(buffer, cache->age_usec);
	buffer_add_slice(buffer, SLICE(",\"ttl\":"));
	buffer_add_seconds(buffer, cache->ttl_usec);
	buffer_add_slice(buffer,
	    cache->stale ? SLICE(",\"stale\":true,\"source\":") :
			   SLICE(",\"stale\":false,\"source\":"));
	buffer_add_slice(buffer,
	    cache->from_stream ? SLICE("\"stream\"") : SLICE("\"poll\""));
	if (cache->fwd) {
		buffer_add_slice(buffer, SLICE(",\"fwd\":"));
		json_add_string(buffer, slice_of(cache->fwd));
	}
	if (cache->collapsed)
		buffer_add_slice(buffer, SLICE(",\"collapsed\":true"));
	if (cache->detail) {
		buffer_add_slice(buffer, SLICE(",\"detail\":"));
		json_add_string(buffer, slice_of(cache->detail));
	}
	buffer_add_char(buffer, '}');
}

void
render_add_state(struct buffer *buffer, struct slice name, struct slice state)
{
	json_add_string(buffer, name);
	buffer_add_char(buffer, ':');
	json_add_text(buffer, state);
}
