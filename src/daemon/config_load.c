/* SPDX-License-Identifier: MIT */
/*
 * Load: the layers, one over the other: defaults, file, drop-ins, command
 * line. What a key is and how its value reads is its table's business.
 */
#include "daemon/config_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/utf8.h"
#include "daemon/config_complaints.h"
#include "daemon/config_file.h"
#include "daemon/config_keys.h"
#include "daemon/config_list.h"
#include "daemon/config_relations.h"
#include "daemon/config_ttl.h"
#include "daemon/config_value.h"

struct loader {
	struct config *config;
	struct config_complaints complaints;
	const char *file; /* NULL: the command line */
	unsigned layer;
};

static void *
target_of(struct config *config, size_t i)
{
	return (char *)config + config_key_get(i)->offset;
}

/* "FILE:LINE", or "-o". */
static char *
make_place(const struct loader *loader, unsigned line)
{
	_cleanup_(buffer_done) struct buffer place = {0};

	if (!loader->file)
		return strdup("-o");
	buffer_add_format(&place, "%s:%u", loader->file, line);
	buffer_add_char(&place, '\0');
	return buffer_is_failed(&place) ? NULL : TAKE_PTR(place.data);
}

static int
set_source(struct loader *loader, size_t i, const char *text, char *place)
{
	struct config_source *source = &loader->config->sources[i];
	char *copy = strdup(text);

	if (!copy) {
		free(place);
		return -ENOMEM;
	}
	free(source->text);
	free(source->place);
	*source = (struct config_source){copy, place, loader->layer};
	return 0;
}

/* Sets key i; place is taken. What is bad is told, and 0. */
static int
set_key(struct loader *loader, size_t i, const char *text, char *place)
{
	_cleanup_(freep) char *owned = place;
	_cleanup_(buffer_done) struct buffer why = {0};
	const struct config_key *key = config_key_get(i);
	int r;

	r = config_value_parse(key, text, target_of(loader->config, i), &why);
	buffer_add_char(&why, '\0');
	if (r < 0 || buffer_is_failed(&why))
		return -ENOMEM;
	if (r == CONFIG_VALUE_BAD) {
		config_complain(&loader->complaints, place, "[%s] %s: %s",
		    key->section, key->name, why.data);
		return 0;
	}
	return set_source(loader, i, text, TAKE_PTR(owned));
}

static int
set_ttl(struct loader *loader, const char *name, const char *value, char *place)
{
	_cleanup_(config_ttl_done) struct config_ttl rule = {0};
	_cleanup_(buffer_done) struct buffer why = {0};
	const struct config_ttl *held;
	int r;

	r = config_ttl_parse(name, value, &rule, &why);
	rule.source.place = place; /* taken */
	rule.source.layer = loader->layer;
	buffer_add_char(&why, '\0');
	if (r < 0 || buffer_is_failed(&why))
		return -ENOMEM;
	if (r == CONFIG_VALUE_BAD) {
		config_complain(
		    &loader->complaints, place, "[ttl] %s: %s", name, why.data);
		return 0;
	}
	held = config_ttl_find(loader->config, &rule);
	if (held && loader->file && held->source.layer == loader->layer) {
		config_complain(&loader->complaints, place,
		    "[ttl] %s is given already, in %s", name,
		    held->source.place);
		return 0;
	}
	r = config_ttl_put(loader->config, &rule);
	if (r == CONFIG_VALUE_BAD) {
		config_complain(&loader->complaints, place,
		    "[ttl] has more than %d lines", CONFIG_TTL_MAX);
		return 0;
	}
	return r;
}

static int
complain_unknown(struct loader *loader, const char *section, const char *name,
    const char *place)
{
	_cleanup_(buffer_done) struct buffer hint = {0};

	config_suggest(section, name, &hint);
	buffer_add_char(&hint, '\0');
	if (buffer_is_failed(&hint))
		return -ENOMEM;
	if (!*section)
		config_complain(&loader->complaints, place,
		    "key \"%s\" stands before any [section]", name);
	else if (!config_section_exists(section))
		config_complain(&loader->complaints, place,
		    "unknown section [%s]%s", section, hint.data);
	else
		config_complain(&loader->complaints, place,
		    "unknown key \"%s\" in [%s]%s", name, section, hint.data);
	return 0;
}

/* One key = value, wherever it stood. A second one of the same file is refused:
 * which of the two was meant? On the command line the last wins. */
static int
on_entry(const char *section, const char *name, const char *value,
    unsigned line, void *userdata)
{
	struct loader *loader = userdata;
	_cleanup_(freep) char *place = make_place(loader, line);
	const struct config_source *held;
	int i;

	if (!place)
		return -ENOMEM;
	if (strcmp(section, "ttl") == 0)
		return set_ttl(loader, name, value, TAKE_PTR(place));
	i = config_key_find(section, name);
	if (i < 0)
		return complain_unknown(loader, section, name, place);
	held = &loader->config->sources[i];
	if (loader->file && held->layer == loader->layer) {
		config_complain(&loader->complaints, place,
		    "[%s] %s is given already, in %s", section, name,
		    held->place);
		return 0;
	}
	return set_key(loader, (size_t)i, value, TAKE_PTR(place));
}

static int
on_fault(unsigned line, const char *what, void *userdata)
{
	struct loader *loader = userdata;
	_cleanup_(freep) char *place = make_place(loader, line);

	if (!place)
		return -ENOMEM;
	config_complain(&loader->complaints, place, "the line %s", what);
	return 0;
}

/* What only the running system knows of a default. */
static void
expand_default(const char *text, struct buffer *buffer)
{
	const char *at = strstr(text, "HOSTNAME");
	char host[65] = "";

	if (at) {
		if (gethostname(host, sizeof(host) - 1) < 0 || !*host)
			host[0] = '-';
		buffer_add(buffer, text, (size_t)(at - text));
		buffer_add_text(buffer, host);
		return;
	}
	at = strstr(text, "UID");
	if (at) {
		buffer_add(buffer, text, (size_t)(at - text));
		buffer_add_int(buffer, geteuid());
		return;
	}
	buffer_add_text(buffer, text);
}

static int
set_defaults(struct loader *loader)
{
	int r = 0;

	for (size_t i = 0; i < config_n_keys() && r == 0; i++) {
		_cleanup_(buffer_done) struct buffer text = {0};
		_cleanup_(freep) char *place = strdup("default");

		expand_default(config_key_get(i)->fallback, &text);
		buffer_add_char(&text, '\0');
		if (!place || buffer_is_failed(&text))
			return -ENOMEM;
		r = set_key(loader, i, text.data, TAKE_PTR(place));
	}
	return r;
}

/* Reads one file as a layer of its own. 1: there is none. */
static int
load_file(struct loader *loader, const char *path)
{
	static const struct config_reader reader = {on_entry, on_fault};
	int r;

	loader->file = path;
	loader->layer++;
	r = config_file_read(path, &reader, loader);
	if (r == 0 || r == -ENOMEM)
		return r;
	if (r == -ENOENT)
		return 1;
	config_complain(&loader->complaints, path, "%s",
	    r == -EFBIG ? "larger than any configuration" : strerror(-r));
	return 0;
}

static int
load_files(struct loader *loader, bool must_exist)
{
	_cleanup_(config_list_done) struct config_list drop_ins = {0};
	const char *path = loader->config->file;
	int r = load_file(loader, path);

	if (r < 0)
		return r;
	loader->config->was_file_read = r == 0;
	if (r == 1 && must_exist)
		config_complain(
		    &loader->complaints, path, "%s", strerror(ENOENT));
	r = config_find_drop_ins(path, &drop_ins);
	if (r < 0 && r != -ENOMEM) {
		config_complain(&loader->complaints, path, "its drop-ins: %s",
		    strerror(-r));
		return 0;
	}
	for (size_t i = 0; i < drop_ins.n && r == 0; i++) {
		r = load_file(loader, drop_ins.names[i]);
		if (r == 1) /* gone meanwhile, or a link to nowhere */
			config_complain(&loader->complaints, drop_ins.names[i],
			    "%s", strerror(ENOENT));
		r = r < 0 ? r : 0;
	}
	return r;
}

/* Without the blanks around it; in place. */
static char *
strip(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n > 0 && strchr(" \t", text[n - 1]))
		text[--n] = '\0';
	return text;
}

/* Cuts "section.key=value" apart in place; false if it is not such. */
static bool
split_option(
    char *option, char **ret_section, char **ret_name, char **ret_value)
{
	char *value = strchr(option, '=');
	char *name = strchr(option, '.');

	if (!value || !name || name > value)
		return false;
	*name++ = '\0';
	*value++ = '\0';
	*ret_section = strip(option);
	*ret_name = strip(name);
	*ret_value = strip(value);
	return **ret_section && **ret_name;
}

static bool
is_clean(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return utf8_is_valid(slice_of(text));
}

static int
load_options(struct loader *loader, const struct config_request *request)
{
	int r = 0;

	loader->file = NULL;
	loader->layer++;
	for (size_t i = 0; i < request->n_options && r == 0; i++) {
		_cleanup_(freep) char *option = strdup(request->options[i]);
		char *section, *name, *value;

		if (!option)
			return -ENOMEM;
		if (!is_clean(option))
			config_complain(&loader->complaints, "-o",
			    "holds a control character, or "
			    "is not UTF-8");
		else if (!split_option(option, &section, &name, &value))
			config_complain(
			    &loader->complaints, "-o", "not section.key=value");
		else
			r = on_entry(section, name, value, 0, loader);
	}
	return r;
}

static int
load(struct loader *loader, const struct config_request *request)
{
	const char *path = request->file ? request->file : CONFIG_FILE_DEFAULT;
	struct config *config = loader->config;
	int r;

	config->sources = calloc(config_n_keys(), sizeof(*config->sources));
	config->file = strdup(path);
	if (!config->sources || !config->file)
		return -ENOMEM;
	r = set_defaults(loader);
	if (r == 0)
		r = load_files(loader, request->file);
	if (r == 0)
		r = load_options(loader, request);
	/* Between values of which some were refused, relations mean little. */
	if (r == 0 && loader->complaints.n == 0)
		r = config_check_relations(config, &loader->complaints);
	return r;
}

int
config_load(const struct config_request *request, struct buffer *errors,
    struct config *ret)
{
	_cleanup_(config_done) struct config config = {0};
	struct loader loader = {.config = &config, .complaints = {errors, 0}};
	int r = load(&loader, request);

	if (r < 0)
		return r;
	if (loader.complaints.n > 0)
		return CONFIG_REFUSED;
	*ret = config;
	config = (struct config){0};
	return CONFIG_LOADED;
}

void
config_done(struct config *config)
{
	for (size_t i = 0; i < config_n_keys(); i++) {
		config_value_done(config_key_get(i), target_of(config, i));
		if (!config->sources)
			continue;
		free(config->sources[i].text);
		free(config->sources[i].place);
	}
	for (size_t i = 0; i < config->n_ttl; i++)
		config_ttl_done(&config->ttl[i]);
	free(config->ttl);
	free(config->sources);
	free(config->file);
	*config = (struct config){0};
}

bool
config_differs(const struct config *a, const struct config *b, size_t i)
{
	return strcmp(a->sources[i].text, b->sources[i].text) != 0;
}
