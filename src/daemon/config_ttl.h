/* SPDX-License-Identifier: MIT */
/*
 * Ttl: the lines of [ttl], whose keys are names of channels or groups.
 *
 * Ownership: the config owns its rules.
 * Errors:    an enum config_value_result, or -ENOMEM.
 */
#pragma once

#include "base/buffer.h"
#include "daemon/config.h"

/* More would be slow to look through for every answer. */
#define CONFIG_TTL_MAX 4096

/*
 * A rule from both sides of the first "=" (of which a name may hold more, so
 * value is split again at its last). Quotes around the name are taken off, for
 * names that begin with "#", ";" or "[".
 */
int config_ttl_parse(const char *name, const char *value,
    struct config_ttl *ret, struct buffer *why);
void config_ttl_done(struct config_ttl *rule);

/* The rule for the same name or prefix, or NULL. */
struct config_ttl *config_ttl_find(
    const struct config *config, const struct config_ttl *like);
/* The config takes what is in *rule, and leaves it {0}: in place of the rule for
 * the same name, or at the end. CONFIG_VALUE_BAD: CONFIG_TTL_MAX are there. */
int config_ttl_put(struct config *config, struct config_ttl *rule);
