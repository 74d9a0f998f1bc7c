/* SPDX-License-Identifier: MIT */
/*
 * Relations: each value is good by itself already.
 */
#include "daemon/config_relations.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config_keys.h"
#include "daemon/config_who.h"

static void
complain_key(const struct config *config, struct config_complaints *complaints,
    const char *section, const char *name, const char *what)
{
	size_t i = (size_t)config_key_find(section, name);

	config_complain(complaints, config->sources[i].place, "[%s] %s: %s",
	    section, name, what);
}

static bool
is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 ||
	    strncmp(address, "[::1]:", 6) == 0 ||
	    strncmp(address, "localhost:", 10) == 0;
}

static int
find_group(struct config *config, struct config_complaints *complaints)
{
	_cleanup_(buffer_done) struct buffer why = {0};
	int r;

	if (!*config->server.group)
		return 0;
	r = config_parse_group(config->server.group, &config->server.gid, &why);
	buffer_add_char(&why, '\0');
	if (r < 0 || buffer_is_failed(&why))
		return -ENOMEM;
	if (r == CONFIG_VALUE_BAD)
		complain_key(config, complaints, "server", "group", why.data);
	return 0;
}

int
config_check_relations(
    struct config *config, struct config_complaints *complaints)
{
	if (config->upstream.connect_timeout_usec >
	    config->upstream.request_timeout_usec)
		complain_key(config, complaints, "upstream", "connect_timeout",
		    "longer than request_timeout, which holds it");
	if (*config->http.listen && !config->http.allow_remote &&
	    !is_loopback(config->http.listen))
		complain_key(config, complaints, "http", "listen",
		    "not of this host alone; allow_remote = yes permits it");
	/* Without it no connection would be trusted, and none would say why. */
	if (*config->upstream.ca_file &&
	    access(config->upstream.ca_file, R_OK) < 0)
		complain_key(config, complaints, "upstream", "ca_file",
		    "cannot be read");
	return find_group(config, complaints);
}
