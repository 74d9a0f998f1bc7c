/* SPDX-License-Identifier: MIT */
/*
 * PubNub, errors: see the header.
 *
 * Law: where it is unclear whether an answer is an error, it is one.
 */
#include "upstream/pubnub_error.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int
pubnub_reply_new(size_t n_body, struct pubnub_reply **ret)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply = NULL;

	reply = calloc(1, sizeof(*reply));
	if (!reply)
		return -ENOMEM;
	/* No text gets longer by being unescaped, and none is kept twice; so
	 * this never has to grow, and slices into it stay good. */
	reply->texts = malloc(n_body + 1);
	if (!reply->texts)
		return -ENOMEM;
	reply->n_texts_alloc = n_body + 1;
	*ret = TAKE_PTR(reply);
	return 0;
}

struct pubnub_reply *
pubnub_reply_free(struct pubnub_reply *reply)
{
	if (!reply)
		return NULL;
	free(reply->channels);
	free(reply->spoiled);
	free(reply->refused_channels);
	free(reply->refused_groups);
	free(reply->occupants);
	free(reply->texts);
	free(reply);
	return NULL;
}

struct slice
pubnub_reply_keep(struct pubnub_reply *reply, struct slice text)
{
	char *at = reply->texts + reply->n_texts;

	assert(text.n <= reply->n_texts_alloc - reply->n_texts);
	memcpy(at, text.data, text.n);
	reply->n_texts += text.n;
	return (struct slice){at, text.n};
}

struct problem
pubnub_problem_of_status(int status)
{
	struct problem problem = {.status_code = status};

	switch (status) {
	case 400:
	case 404:
	case 414:
		problem.kind = PROBLEM_BAD_REQUEST;
		break;
	case 403:
		problem.kind = PROBLEM_DENIED;
		break;
	case 429:
		problem.kind = PROBLEM_RATE_LIMITED;
		break;
	default: /* 402, 3xx, 5xx; and what nobody has seen yet */
		problem.kind = PROBLEM_ERROR;
		break;
	}
	return problem;
}

/* 1, true and an object are recorded; 0, false and null say "no error". We
 * take everything else for one, too. */
static bool
is_error(const struct json_doc *doc, const struct json_node *node)
{
	int64_t n;

	if (!node)
		return false;
	switch ((enum json_kind)node->kind) {
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	case JSON_NUMBER:
		return json_int(doc, node, &n) != JSON_NUMBER_OK || n != 0;
	case JSON_TRUE:
	case JSON_STRING:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return true;
	}
	return true;
}

int
pubnub_read_error(struct pubnub_reply *reply, const struct json_doc *doc,
    const struct json_node *root, int status)
{
	const struct json_node *told = json_find(doc, root, "status");
	int64_t n = status;

	if (told &&
	    (json_int(doc, told, &n) != JSON_NUMBER_OK || n < 0 ||
		n > INT_MAX)) {
		reply->problem = (struct problem){
		    .kind = PROBLEM_MALFORMED, .status_code = status};
		return 0;
	}
	if (n < 400 && !is_error(doc, json_find(doc, root, "error")))
		return 0;
	/* An error that tells no status has only the one above it. */
	reply->problem = pubnub_problem_of_status((int)n);
	return pubnub_read_refusal(reply, doc, root);
}

/* A list of names, each with its leading colon cut off if it may have one. */
static int
read_names(struct pubnub_reply *reply, const struct json_doc *doc,
    const struct json_node *list, bool has_colons, struct slice **ret,
    size_t *ret_n)
{
	_cleanup_(buffer_done) struct buffer scratch = {0};
	const struct json_node *item;
	struct slice name;

	if (!list || list->kind != JSON_ARRAY)
		return 0;
	*ret = calloc((size_t)list->n_children + 1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	JSON_FOREACH(item, doc, list) {
		if (item->kind != JSON_STRING)
			continue;
		if (json_string(doc, item, &scratch, &name) < 0)
			return -ENOMEM;
		if (has_colons && name.n > 0 && name.data[0] == ':')
			name = (struct slice){name.data + 1, name.n - 1};
		if (name_is_valid(name))
			(*ret)[(*ret_n)++] = pubnub_reply_keep(reply, name);
	}
	return 0;
}

/* "Token is expired", "Token is revoked": the whole of either message is not
 * documented, these words are what all that were seen have in common. */
static bool
is_about_credential(const struct json_doc *doc, const struct json_node *root)
{
	const struct json_node *message = json_find(doc, root, "message");
	const struct json_node *error = json_find(doc, root, "error");
	struct slice text;

	if (!message && error)
		message = json_find(doc, error, "message");
	if (!message || message->kind != JSON_STRING)
		return false;
	text = json_string_raw(doc, message);
	return memmem(text.data, text.n, "expired", strlen("expired")) ||
	    memmem(text.data, text.n, "revoked", strlen("revoked"));
}

int
pubnub_read_refusal(struct pubnub_reply *reply, const struct json_doc *doc,
    const struct json_node *root)
{
	const struct json_node *payload;
	int r;

	if (reply->problem.kind != PROBLEM_DENIED || root->kind != JSON_OBJECT)
		return 0;
	reply->is_credential_dead = is_about_credential(doc, root);
	payload = json_find(doc, root, "payload");
	if (!payload)
		return 0;
	r = read_names(reply, doc, json_find(doc, payload, "channels"), false,
	    &reply->refused_channels, &reply->n_refused_channels);
	if (r < 0)
		return r;
	return read_names(reply, doc, json_find(doc, payload, "channel-groups"),
	    true, &reply->refused_groups, &reply->n_refused_groups);
}
