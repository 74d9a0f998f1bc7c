/* SPDX-License-Identifier: MIT */
/*
 * Options: those that only some commands take, declared once: how each is
 * written, what parameter it becomes, what help says of it.
 *
 * Ownership: everything is static.
 */
#pragma once

enum option_id {
	OPTION_GROUP,
	OPTION_INCLUDE_STATE,
	OPTION_STATE, /* the same --state, but with a value */
	OPTION_NO_UUIDS,
	OPTION_LIMIT,
	OPTION_OFFSET,
	OPTION_AFTER,
	OPTION_UUID,
	OPTION_MAX_AGE,
	OPTION_STALE_IF_ERROR,
	OPTION_TIMEOUT,
	N_OPTIONS,
};

#define OPTION_BIT(id) (1U << (id))

enum value_kind {
	VALUE_TRUE,  /* a flag that makes its parameter true */
	VALUE_FALSE, /* or false */
	VALUE_TEXT,
	VALUE_NAMES, /* with commas between them; the option may be repeated */
	VALUE_INTEGER,
	VALUE_SECONDS,
	VALUE_OBJECT, /* the text of a JSON object */
};

struct option_spec {
	const char *flag; /* as the user writes it, "--limit" */
	const char *param;
	enum value_kind kind;
	const char *help; /* whole lines */
};

const struct option_spec *option_get(enum option_id id);
