/* SPDX-License-Identifier: MIT */
/*
 * Settings: one assignment a key; ranges are the config's table's, so that no
 * narrower type here can overflow.
 */
#include "daemon/settings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"

/* In the config "" says that there is none. */
static const char *
or_null(const char *text)
{
	return *text ? text : NULL;
}

int
settings_make_ttl_rules(const struct config *config, struct ttl_rule **ret)
{
	struct ttl_rule *rules = calloc(config->n_ttl + 1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_ttl; i++)
		rules[i] = (struct ttl_rule){
		    .name = slice_of(config->ttl[i].name),
		    .is_prefix = config->ttl[i].is_prefix,
		    .ttl_usec = config->ttl[i].ttl_usec,
		};
	*ret = rules;
	return 0;
}

static enum follow_policy
follow_of(const struct config *config)
{
	switch ((enum config_mode)config->upstream.mode) {
	case CONFIG_MODE_POLL:
		break;
	case CONFIG_MODE_AUTO:
		return FOLLOW_HOT;
	case CONFIG_MODE_STREAM:
		return FOLLOW_ASKED;
	}
	return FOLLOW_NONE;
}

static void
fill_policy(struct policy *policy, const struct config *config,
    const struct ttl_rule *rules)
{
	*policy = (struct policy){
	    .ttl_usec = config->cache.ttl_usec,
	    .where_now_ttl_usec = config->cache.where_now_ttl_usec,
	    .state_ttl_usec = config->cache.state_ttl_usec,
	    .stale_while_revalidate_usec =
		config->cache.stale_while_revalidate_usec,
	    .stale_if_error_usec = config->cache.stale_if_error_usec,
	    .stale_after_wait_usec = config->cache.stale_after_wait_usec,
	    .negative_ttl_usec = config->cache.negative_ttl_usec,
	    .hold_off_usec = config->cache.hold_off_usec,
	    .idle_after_usec = config->cache.idle_after_usec,
	    .refresh_at_percent = (unsigned)config->cache.refresh_at_percent,
	    .max_bytes = (size_t)config->cache.max_bytes,
	    .follow = follow_of(config),
	    .stream_check_usec = config->upstream.stream_check_usec,
	    .ttl_rules = rules,
	    .n_ttl_rules = config->n_ttl,
	    .max_waiters = (size_t)config->server.max_waiters,
	    .max_keys_waiting = (size_t)config->server.max_keys_waiting,
	    .max_requests_per_second =
		(unsigned)config->upstream.max_requests_per_second,
	    .burst = (unsigned)config->upstream.burst,
	    .max_requests_per_day = config->upstream.max_requests_per_day,
	};
}

void
settings_fill_secrets(struct sign_settings *sign, const struct config *config)
{
	sign->publish_key = or_null(config->upstream.publish_key);
	sign->auth_token_file = or_null(config->upstream.auth_token_file);
	sign->secret_key_file = or_null(config->upstream.secret_key_file);
}

void
settings_apply(struct settings *settings, const struct config *config,
    struct ttl_rule *rules)
{
	unsigned max_connections = (unsigned)config->upstream.max_connections;
	unsigned max_streams = (unsigned)config->upstream.max_streams;

	fill_policy(&settings->policy, config, rules);
	free(settings->ttl_rules);
	settings->ttl_rules = rules;

	settings->http.max_body_bytes = (size_t)config->upstream.max_body_bytes;
	settings->http.connect_timeout_usec =
	    config->upstream.connect_timeout_usec;
	settings->http.request_timeout_usec =
	    config->upstream.request_timeout_usec;
	settings->http.ca_file = or_null(config->upstream.ca_file);
	/* Those that are held are counted apart. */
	settings->http.max_connections = max_connections + max_streams;
	settings->stream.max_streams = max_streams;
	settings->stream.hold_off_usec = config->cache.hold_off_usec;
	settings->stream.url.max_uri_bytes =
	    (size_t)config->upstream.max_uri_bytes;
	settings->fetch.max_connections = max_connections;
	settings_fill_secrets(&settings->sign, config);
	settings->fetch.url.max_uri_bytes =
	    (size_t)config->upstream.max_uri_bytes;

	settings->conns = (struct conn_limits){
	    .max_line_bytes = (size_t)config->server.max_request_bytes,
	    .max_queued_bytes = (size_t)config->server.max_queued_bytes,
	    .client_timeout_usec = config->server.client_timeout_usec,
	    .write_timeout_usec = config->server.write_timeout_usec,
	};
	settings->dispatch = (struct dispatch_limits){
	    .max_reply_bytes = (size_t)config->server.max_reply_bytes,
	    .max_inflight = (size_t)config->server.max_inflight,
	    .default_timeout_usec = config->server.default_timeout_usec,
	};
	settings->snapshot = (struct snapshot_settings){
	    .is_on = config->cache.snapshot,
	    .interval_usec = config->cache.snapshot_interval_usec,
	    .max_bytes = (size_t)config->cache.max_bytes,
	};
	settings->listener.max_clients_per_uid =
	    (size_t)config->server.max_clients_per_uid;
}

int
settings_start(
    struct settings *settings, const struct config *config, size_t max_clients)
{
	struct ttl_rule *rules;
	int r = settings_make_ttl_rules(config, &rules);

	if (r < 0)
		return r;
	settings_apply(settings, config, rules);
	settings->http.user_agent = PACKAGE_NAME "/" PACKAGE_VERSION;
	settings->sign.user_id = config->upstream.user_id;
	settings->fetch.url.origin = config->upstream.origin;
	settings->fetch.url.subscribe_key = config->upstream.subscribe_key;
	settings->stream.url.origin = config->upstream.origin;
	settings->stream.url.subscribe_key = config->upstream.subscribe_key;
	settings->listener.max_clients = max_clients;
	settings->socket = (struct sockfile_terms){
	    .path = config->server.socket,
	    .mode = (mode_t)config->server.mode,
	    .has_group = *config->server.group,
	    .group = config->server.gid,
	};
	return 0;
}

void
settings_done(struct settings *settings)
{
	free(settings->ttl_rules);
	*settings = (struct settings){0};
}
