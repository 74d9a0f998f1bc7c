/* SPDX-License-Identifier: MIT */
/*
 * Reload: see the header. What can fail is done first; the settings come last.
 */
#include "daemon/reload.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/message.h"
#include "daemon/config_complaints.h"
#include "daemon/config_keys.h"
#include "daemon/config_ttl.h"

/* ---- what is wrong ---- */

static void
complain_secret(
    const struct config *config, unsigned part, int r, struct buffer *problems)
{
	const char *name =
	    part == SIGN_TOKEN ? "auth_token_file" : "secret_key_file";
	size_t i = (size_t)config_key_find("upstream", name);
	struct config_complaints complaints = {.text = problems};

	config_complain(&complaints, config->sources[i].place,
	    "[upstream] %s: %s", name,
	    r == -ENODATA    ? "the file is empty" :
		r == -EINVAL ? "the file holds more than one word" :
		r == -EFBIG  ? "the file is too large for a secret" :
			       strerror(-r));
}

/* ---- what is new ---- */

static void
add_name(struct buffer *names, const char *section, const char *name, bool star)
{
	buffer_add_format(names, "%s.%s%s", section, name, star ? "*" : "");
	buffer_add_char(names, '\0');
}

static void
tell_change(
    struct reload_told *told, const struct config_key *key, const char *value)
{
	add_name(&told->changed, key->section, key->name, false);
	log_info(LOG_TEXT("setting changed"), LOG_STR("section", key->section),
	    LOG_STR("key", key->name), LOG_STR("value", value));
}

static void
tell_restart(struct reload_told *told, const struct config_key *key)
{
	add_name(&told->needs_restart, key->section, key->name, false);
	log_warning(LOG_TEXT("setting changed, waits for a restart"),
	    LOG_STR("section", key->section), LOG_STR("key", key->name));
}

/* The same file may hold another secret. */
static bool
is_of_part(const struct config_key *key, unsigned parts)
{
	return key->type == CONFIG_SECRET &&
	    ((parts & SIGN_TOKEN &&
		 strcmp(key->name, "auth_token_file") == 0) ||
		(parts & SIGN_KEY &&
		    strcmp(key->name, "secret_key_file") == 0));
}

static void
tell_keys(const struct reload *reload, const struct config *config,
    unsigned parts, struct reload_told *told)
{
	for (size_t i = 0; i < config_n_keys(); i++) {
		const struct config_key *key = config_key_get(i);

		if (key->flags & CONFIG_LATER)
			continue;
		if (!(key->flags & CONFIG_LIVE)) {
			if (config_differs(reload->started, config, i))
				tell_restart(told, key);
		} else if (config_differs(reload->current, config, i) ||
		    is_of_part(key, parts))
			tell_change(told, key, config->sources[i].text);
	}
}

static void
tell_rule(struct reload_told *told, const struct config_ttl *rule, bool is_gone)
{
	add_name(&told->changed, "ttl", rule->name, rule->is_prefix);
	log_info(LOG_TEXT("setting changed"), LOG_STR("section", "ttl"),
	    LOG_STR("key", rule->name),
	    LOG_STR("value", is_gone ? "none" : rule->source.text));
}

static void
tell_ttl(const struct config *old, const struct config *config,
    struct reload_told *told)
{
	for (size_t i = 0; i < config->n_ttl; i++) {
		const struct config_ttl *held =
		    config_ttl_find(old, &config->ttl[i]);

		if (!held || held->ttl_usec != config->ttl[i].ttl_usec)
			tell_rule(told, &config->ttl[i], false);
	}
	for (size_t i = 0; i < old->n_ttl; i++)
		if (!config_ttl_find(config, &old->ttl[i]))
			tell_rule(told, &old->ttl[i], true);
}

/* ---- all of it ---- */

/* 0, 1 if it was refused, which is in told, or -ENOMEM. */
static int
prepare(const struct reload *reload, struct reload_told *told,
    struct config *config, struct ttl_rule **ret_rules, unsigned *ret_parts)
{
	struct sign_settings secrets = reload->settings->sign;
	int r = config_load(reload->request, &told->problems, config);

	if (r == CONFIG_REFUSED)
		return 1;
	if (r == 0)
		r = settings_make_ttl_rules(config, ret_rules);
	if (r < 0)
		return r;
	settings_fill_secrets(&secrets, config);
	r = sign_reload_from(reload->sign, &secrets, ret_parts);
	if (r < 0 && r != -ENOMEM) {
		complain_secret(config, *ret_parts, r, &told->problems);
		return 1;
	}
	return r;
}

bool
reload_run(
    const struct reload *reload, struct reload_told *told, struct config *ret)
{
	_cleanup_(config_done) struct config config = {0};
	_cleanup_(freep) struct ttl_rule *rules = NULL;
	unsigned parts = 0;
	int r = prepare(reload, told, &config, &rules, &parts);

	if (r < 0)
		log_error(LOG_TEXT("reload failed, keeping the old settings"),
		    LOG_ERRNO(r));
	else if (r > 0)
		config_complaints_log(&told->problems,
		    LOG_TEXT("configuration refused, keeping the old one"),
		    LOG_ID(MESSAGE_RELOAD_REFUSED));
	if (r != 0)
		return false;
	tell_keys(reload, &config, parts, told);
	tell_ttl(reload->current, &config, told);
	reload_log_unused(&config);
	settings_apply(reload->settings, &config, TAKE_PTR(rules));
	*ret = config;
	config = (struct config){0};
	return true;
}

void
reload_log_unused(const struct config *config)
{
	for (size_t i = 0; i < config_n_keys(); i++) {
		const struct config_key *key = config_key_get(i);

		if ((key->flags & CONFIG_LATER) && config->sources[i].layer > 0)
			log_warning(LOG_TEXT("setting has no effect yet, its "
					     "feature is not in this release"),
			    LOG_STR("section", key->section),
			    LOG_STR("key", key->name));
	}
}
