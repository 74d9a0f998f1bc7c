/* SPDX-License-Identifier: MIT */
/*
 * Settings: the configuration as each room wants to have it.
 *
 * Ownership: owns the array of ttl rules; all texts are the configs'. What only
 *            a restart changes points into the config of the start, the rest
 *            into the one in force, so both outlive the settings.
 * Law:       a reload changes the values in place, never where they are.
 */
#pragma once

#include "base/slice.h"
#include "core/policy.h"
#include "daemon/config.h"
#include "daemon/snapshot.h"
#include "front/conn.h"
#include "front/dispatch.h"
#include "front/listener.h"
#include "front/sockfile.h"
#include "upstream/fetch.h"
#include "upstream/http.h"
#include "upstream/sign.h"
#include "upstream/stream.h"

struct settings {
	struct policy policy;
	struct ttl_rule *ttl_rules;
	struct http_settings http;
	struct sign_settings sign;
	struct fetch_settings fetch;
	struct stream_settings stream;
	struct conn_limits conns;
	struct dispatch_limits dispatch;
	struct listener_limits listener;
	struct sockfile_terms socket;
	struct snapshot_settings snapshot;
};

/* -ENOMEM, and then nothing is changed. max_clients is as many as descriptors
 * allow for. */
int settings_start(
    struct settings *settings, const struct config *config, size_t max_clients);

/* What of a later config holds without a restart: what can fail, and then the
 * rest, which takes the rules. */
int settings_make_ttl_rules(const struct config *config, struct ttl_rule **ret);
void settings_apply(struct settings *settings, const struct config *config,
    struct ttl_rule *rules);
/* Where a config says that the secrets lie. */
void settings_fill_secrets(
    struct sign_settings *sign, const struct config *config);
void settings_done(struct settings *settings);
