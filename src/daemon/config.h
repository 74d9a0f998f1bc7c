/* SPDX-License-Identifier: MIT */
/*
 * Config: everything an administrator may say, as values of C.
 *
 * Ownership: a config owns all its texts and lists, until config_done() of
 *            config_load.h; the rooms are handed what they need and borrow. {0}
 *            is valid and holds nothing.
 * Units:     microseconds, bytes, as the names say. Numbers are int64_t and
 *            within the range of their key, which config_keys.c has.
 * Law:       no secret is in here, only where one lies.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "front/access.h"

/* A text that may be absent is never NULL after a load, but "". */
struct config_list {
	char **names;
	size_t n;
};

/* Where a value came from. */
struct config_source {
	char *text;     /* as written */
	char *place;    /* "FILE:LINE", "-o", or "default" */
	unsigned layer; /* which file, or the command line; 0: the default */
};

/* A line of [ttl]. */
struct config_ttl {
	char *name; /* of a prefix: its "*" cut off */
	bool is_prefix;
	int64_t ttl_usec;
	struct config_source source;
};

enum config_mode {
	CONFIG_MODE_AUTO,
	CONFIG_MODE_POLL,
	CONFIG_MODE_STREAM,
};

enum config_log_target {
	CONFIG_LOG_AUTO, /* the journal where standard error is it */
	CONFIG_LOG_JOURNAL,
	CONFIG_LOG_STDERR,
};

struct config {
	struct {
		char *origin; /* scheme and authority, no slash behind */
		char *subscribe_key;
		char *publish_key;
		char *user_id;
		char *auth_token_file; /* made absolute */
		char *secret_key_file; /* likewise */
		char *ca_file;
		int mode; /* enum config_mode */
		int64_t connect_timeout_usec;
		int64_t request_timeout_usec;
		int64_t max_connections;
		int64_t max_streams;
		int64_t stream_check_usec;
		int64_t max_requests_per_second;
		int64_t burst;
		int64_t max_requests_per_day;
		int64_t max_uri_bytes;
		int64_t max_body_bytes;
	} upstream;

	struct {
		int64_t ttl_usec;
		int64_t where_now_ttl_usec;
		int64_t state_ttl_usec;
		int64_t stale_while_revalidate_usec;
		int64_t stale_if_error_usec;
		int64_t stale_after_wait_usec;
		int64_t negative_ttl_usec;
		int64_t hold_off_usec;
		int64_t refresh_at_percent;
		int64_t idle_after_usec;
		int64_t max_bytes;
		bool snapshot;
		int64_t snapshot_interval_usec;
	} cache;

	struct {
		struct config_list channels;
		struct config_list channel_groups;
		bool global;
	} poll;

	struct {
		char *socket;
		int64_t mode;
		char *group;
		gid_t gid; /* of group, if that is not "" */
		int64_t max_clients;
		int64_t max_clients_per_uid;
		int64_t max_request_bytes;
		int64_t max_reply_bytes;
		int64_t max_inflight;
		int64_t max_watches;
		int64_t max_waiters;
		int64_t max_keys_waiting;
		int64_t max_queued_bytes;
		int64_t client_timeout_usec;
		int64_t write_timeout_usec;
		int64_t default_timeout_usec;
		int64_t drain_timeout_usec;
	} server;
	struct access access;

	struct {
		char *listen;
		bool allow_remote;
		int64_t max_body_bytes;
		int64_t max_upstream;
		char *price_per_million;
	} http;

	struct {
		int level;  /* enum log_level */
		int target; /* enum config_log_target */
	} log;

	struct config_ttl *ttl;
	size_t n_ttl;
	struct config_source
	    *sources; /* one per key, in config_keys.c's order */
	char *file;   /* which was looked for, and maybe not there */
	bool was_file_read;
};
