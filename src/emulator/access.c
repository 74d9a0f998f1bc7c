/* SPDX-License-Identifier: MIT */
/*
 * A list of grants, looked through from one end to the other.
 */
#include "emulator/access.h"

#include <errno.h>
#include <stdlib.h>

struct access {
	struct clock *clock; /* borrowed; outlives us */
	TAILQ_HEAD(, grant) grants;
	size_t n;
};

static struct grant *
grant_free(struct grant *grant)
{
	if (!grant)
		return NULL;
	names_done(&grant->channels);
	names_done(&grant->groups);
	free(grant->bytes);
	free(grant);
	return NULL;
}

DEFINE_CLEANUP(struct grant *, grant_free);

int
access_new(struct clock *clock, struct access **ret)
{
	struct access *access = calloc(1, sizeof(*access));

	if (!access)
		return -ENOMEM;
	access->clock = clock;
	TAILQ_INIT(&access->grants);
	*ret = access;
	return 0;
}

struct access *
access_free(struct access *access)
{
	if (!access)
		return NULL;
	access_clear(access);
	free(access);
	return NULL;
}

static void
drop(struct access *access, struct grant *grant)
{
	TAILQ_REMOVE(&access->grants, grant, link);
	access->n--;
	grant_free(grant);
}

void
access_clear(struct access *access)
{
	struct grant *grant;

	while ((grant = TAILQ_FIRST(&access->grants)))
		drop(access, grant);
}

static size_t
names_size(const struct names *names)
{
	size_t i, n = 0;

	for (i = 0; i < names->n; i++)
		n += names->items[i].n;
	return n;
}

static struct slice
copy(struct slice text, char **at)
{
	struct slice own = {*at, text.n};

	if (text.n > 0)
		memcpy(*at, text.data, text.n);
	*at += text.n;
	return own;
}

static int
copy_names(const struct names *names, char **at, struct names *ret)
{
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < names->n; i++)
		r = names_add(ret, copy(names->items[i], at));
	return r;
}

static int
grant_new(const struct grant *terms, struct grant **ret)
{
	_cleanup_(grant_freep) struct grant *grant = calloc(1, sizeof(*grant));
	char *at;
	int r;

	if (!grant)
		return -ENOMEM;
	grant->bytes = at = malloc(terms->auth.n +
	    names_size(&terms->channels) + names_size(&terms->groups) + 1);
	if (!at)
		return -ENOMEM;
	grant->holder = terms->holder;
	grant->rights = terms->rights;
	grant->until_usec = terms->until_usec;
	grant->revoked = terms->revoked;
	grant->auth = copy(terms->auth, &at);
	r = copy_names(&terms->channels, &at, &grant->channels);
	if (r >= 0)
		r = copy_names(&terms->groups, &at, &grant->groups);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(grant);
	return 0;
}

static bool
is_over(const struct access *access, const struct grant *grant)
{
	return grant->until_usec <= clock_now(access->clock);
}

/* A token that is over is kept: it is told so. */
static void
drop_what_is_over(struct access *access)
{
	struct grant *grant = TAILQ_FIRST(&access->grants);

	while (grant) {
		struct grant *next = TAILQ_NEXT(grant, link);

		if (grant->holder != HOLDER_TOKEN && is_over(access, grant))
			drop(access, grant);
		grant = next;
	}
}

int
access_add(struct access *access, const struct grant *terms)
{
	struct grant *grant = NULL;
	int r;

	if (access->n >= GRANTS_MAX)
		drop_what_is_over(access);
	if (access->n >= GRANTS_MAX)
		return ACCESS_FULL;
	r = grant_new(terms, &grant);
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&access->grants, grant, link);
	access->n++;
	return ACCESS_ADDED;
}

bool
access_revoke(
    struct access *access, enum access_holder holder, struct slice auth)
{
	struct grant *grant = TAILQ_FIRST(&access->grants);
	bool found = false;

	while (grant) {
		struct grant *next = TAILQ_NEXT(grant, link);

		if (grant->holder == holder && slice_is(grant->auth, auth)) {
			found = true;
			if (holder == HOLDER_TOKEN)
				grant->revoked = true;
			else
				drop(access, grant);
		}
		grant = next;
	}
	return found;
}

/* "game.*" covers "game.1", and "*" everything. */
static bool
covers(struct slice granted, struct slice name)
{
	size_t n = granted.n;

	if (n > 0 && granted.data[n - 1] == '*')
		return name.n >= n - 1 &&
		    memcmp(granted.data, name.data, n - 1) == 0;
	return slice_is(granted, name);
}

static bool
one_covers(const struct names *granted, struct slice name)
{
	size_t i;

	for (i = 0; i < granted->n; i++)
		if (covers(granted->items[i], name))
			return true;
	return false;
}

static bool
is_of(const struct grant *grant, struct slice auth)
{
	return grant->holder == HOLDER_EVERYONE ||
	    (auth.n > 0 && slice_is(grant->auth, auth));
}

static bool
is_granted(const struct access *access, struct slice auth, unsigned rights,
    struct slice name, bool is_group)
{
	const struct grant *grant;

	TAILQ_FOREACH(grant, &access->grants, link)
		if (is_of(grant, auth) && !grant->revoked &&
		    !is_over(access, grant) &&
		    (grant->rights & rights) == rights &&
		    one_covers(
			is_group ? &grant->groups : &grant->channels, name))
			return true;
	return false;
}

/* A token is over when all that was granted to it is. */
static enum access_result
check_token(const struct access *access, struct slice auth)
{
	enum access_result result = ACCESS_GRANTED;
	const struct grant *grant;

	TAILQ_FOREACH(grant, &access->grants, link) {
		if (grant->holder != HOLDER_TOKEN || !is_of(grant, auth))
			continue;
		if (grant->revoked)
			result = ACCESS_REVOKED;
		else if (is_over(access, grant))
			result = ACCESS_EXPIRED;
		else
			return ACCESS_GRANTED;
	}
	return result;
}

static int
check_names(const struct access *access, struct slice auth, unsigned rights,
    const struct names *names, bool is_group, struct names *ret_refused)
{
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < names->n; i++) {
		struct slice name = names->items[i];

		if (!is_granted(access, auth, rights, name, is_group) &&
		    !names_have(ret_refused, name))
			r = names_add(ret_refused, name);
	}
	return r;
}

int
access_check(const struct access *access, struct slice auth, unsigned rights,
    const struct names *channels, const struct names *groups,
    struct names *ret_channels, struct names *ret_groups)
{
	enum access_result result = check_token(access, auth);
	int r;

	if (result != ACCESS_GRANTED)
		return result;
	r = check_names(access, auth, rights, channels, false, ret_channels);
	if (r >= 0)
		r = check_names(access, auth, rights, groups, true, ret_groups);
	if (r < 0)
		return r;
	return ret_channels->n + ret_groups->n > 0 ? ACCESS_REFUSED :
						     ACCESS_GRANTED;
}

const struct grant *
access_next(const struct access *access, const struct grant *grant)
{
	return grant ? TAILQ_NEXT(grant, link) : TAILQ_FIRST(&access->grants);
}
