/* SPDX-License-Identifier: MIT */
/*
 * Complaints: see the header. The words of advice hang on the error's kind,
 * which is the protocol's contract; a kind we do not know gets none.
 */
#include "cli/complaint.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/json.h"
#include "cli/protocol.h"
#include "cli/visible.h"

/* An argument that was wrong is repeated no further than this. */
#define USAGE_BYTES 512

struct advice {
	const char *kind;
	const char *text;
};

static const struct advice advices[] = {
    {"invalid_params",
	"see 'presencectl COMMAND --help' for what the command takes"},
    {"method_not_found",
	"the daemon is older than this presencectl; restart or upgrade it"},
    {"permission_denied",
	"[access] in the daemon's configuration says who may ask this"},
    {"config_refused",
	"the daemon goes on with the old one; 'presenced --check' reads the "
	"files without it"},
    {"limit_exceeded",
	"close idle clients, or raise the limit in the daemon's configuration"},
    {"upstream_denied",
	"check the daemon's auth_token_file or secret_key_file: its credential "
	"does not cover these names"},
    {"upstream_bad_request",
	"the service does not accept these names or this state"},
    {"upstream_timeout",
	"the service is slow; try again, or allow an old answer with "
	"--stale-if-error"},
    {"upstream_unreachable",
	"check the network and [upstream] origin; 'presencectl status' tells "
	"since when"},
    {"upstream_error", "the service has trouble of its own; try again later"},
    {"upstream_malformed",
	"check that [upstream] origin is the presence service"},
    {"upstream_rate_limited",
	"ask less, allow older answers (--max-age), or raise "
	"max_requests_per_second"},
    {"deadline_exceeded",
	"wait longer with --timeout, or allow an old answer with "
	"--stale-if-error"},
    {"shutting_down", "the daemon is about to stop; try again in a moment"},
    {"reply_too_large", "ask for less at a time with --limit and --after"},
    {"internal_error", "the daemon's log tells more"},
};

static const char *
find_advice(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		if (strcmp(advices[i].kind, kind) == 0)
			return advices[i].text;
	}
	return NULL;
}

static void
begin(struct buffer *out, const struct look *look)
{
	buffer_add_text(
	    out, look->has_colour ? "\033[31merror:\033[0m " : "error: ");
}

static void
end(struct buffer *out, FILE *file)
{
	buffer_add_char(out, '\n');
	if (buffer_is_failed(out))
		fputs("error: out of memory\n", file);
	else
		fwrite(out->data, 1, out->n, file);
	buffer_done(out);
}

/* "  channels: private-1, private-2" */
static void
add_names(struct buffer *out, const struct json_doc *doc,
    const struct json_node *data, const char *member, const char *title)
{
	const struct json_node *names = json_find(doc, data, member), *name;
	struct buffer scratch = {0};
	struct slice text;
	const char *before = title;

	if (!names || names->kind != JSON_ARRAY)
		return;
	JSON_FOREACH(name, doc, names) {
		if (name->kind != JSON_STRING ||
		    json_string(doc, name, &scratch, &text) < 0)
			continue;
		buffer_add_text(out, before);
		visible_add(out, text);
		before = ", ";
	}
	buffer_done(&scratch);
}

/* A message of several lines, such as all that is wrong with a configuration,
 * keeps them, indented so that none can pass for a word of ours. */
static void
add_message(struct buffer *out, const char *message)
{
	const char *end;

	for (; (end = strchr(message, '\n')); message = end + 1) {
		visible_add(
		    out, (struct slice){message, (size_t)(end - message)});
		buffer_add_text(out, "\n  ");
	}
	visible_add(out, slice_of(message));
}

/* What the error's data says beyond its kind. */
static void
add_particulars(struct buffer *out, struct presence_reply *reply)
{
	struct json_doc doc = {0};
	const struct json_node *data;
	struct slice error;
	int64_t retry_after_usec = presence_reply_error_retry_after_usec(reply);
	int status_code = presence_reply_status_code(reply);

	error.data = presence_reply_error(reply, &error.n);
	if (json_parse(&doc, error, JSON_DEPTH_UPSTREAM + 16) == JSON_OK) {
		data = json_find(&doc, json_root(&doc), "data");
		if (data) {
			add_names(
			    out, &doc, data, "channels", "\n  channels: ");
			add_names(out, &doc, data, "channel_groups",
			    "\n  channel groups: ");
		}
	}
	json_doc_done(&doc);
	if (status_code > 0)
		buffer_add_format(
		    out, "\n  the service answered %d", status_code);
	if (retry_after_usec >= 0) {
		buffer_add_text(out, "\n  worth trying again in ");
		buffer_add_seconds(out, retry_after_usec);
		buffer_add_text(out, " s");
	}
}

void
complain_of_refusal(
    FILE *file, const struct look *look, struct presence_reply *reply)
{
	const char *kind = presence_reply_error_kind(reply);
	const char *advice = find_advice(kind);
	struct buffer out = {0};

	begin(&out, look);
	if (*kind)
		visible_add(&out, slice_of(kind));
	else
		buffer_add_int(&out, presence_reply_error_code(reply));
	buffer_add_text(&out, ": ");
	add_message(&out, presence_reply_error_message(reply));
	add_particulars(&out, reply);
	if (advice)
		buffer_add_format(&out, "\n  %s", advice);
	end(&out, file);
}

/* Which group may write to a socket that we may not; which user, if no group
 * may; or that not even this can be seen. */
static void
add_who_may(struct buffer *out, const char *path)
{
	struct stat st;
	const struct group *group;
	const struct passwd *owner;

	if (stat(path, &st) < 0) {
		buffer_add_text(
		    out, "\n  a directory above it is closed to this user");
		return;
	}
	group = getgrgid(st.st_gid);
	owner = getpwuid(st.st_uid);
	if (st.st_mode & S_IWGRP && group)
		buffer_add_format(out,
		    "\n  the members of group '%s' may: usermod -aG %s USER, "
		    "and log in again",
		    group->gr_name, group->gr_name);
	else if (st.st_mode & S_IWGRP)
		buffer_add_format(out, "\n  the members of group %u may",
		    (unsigned)st.st_gid);
	else
		buffer_add_format(out, "\n  only user '%s' may",
		    owner ? owner->pw_name : "?");
}

static bool
is_other_than_a_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISSOCK(st.st_mode);
}

/* What a failed connect means, with the path in the middle. */
static void
add_no_daemon(struct buffer *out, const char *path, int r)
{
	const char *before = "no daemon: cannot connect to ", *behind = NULL;

	if (r == -ENOENT)
		before = "no daemon: there is no socket ";
	else if (r == -ECONNREFUSED && is_other_than_a_socket(path))
		before = "no daemon: this is not a socket: ";
	else if (r == -ECONNREFUSED)
		before = "no daemon: nobody listens any more on ";
	else if (r == -EACCES)
		before = "permission denied: this user may not connect to ";
	else if (r == -ETIMEDOUT)
		before = "the daemon is busy or stuck: it does not accept on ";
	else
		behind = strerror(-r);
	buffer_add_text(out, before);
	visible_add(out, slice_of(path));
	if (behind)
		buffer_add_format(out, ": %s", behind);
}

void
complain_of_no_daemon(
    FILE *file, const struct look *look, const char *path, int r)
{
	struct buffer out = {0};

	begin(&out, look);
	add_no_daemon(&out, path, r);
	if (r == -EACCES)
		add_who_may(&out, path);
	else if (r == -ECONNREFUSED && !is_other_than_a_socket(path))
		buffer_add_text(&out,
		    "\n  the file was left by a daemon that is gone: "
		    "systemctl start presenced");
	else if (r == -ENOENT || r == -ECONNREFUSED)
		buffer_add_text(&out,
		    "\n  is it running? systemctl status presenced"
		    "\n  does it listen elsewhere? then -s PATH, or "
		    "$PRESENCED_SOCKET");
	end(&out, file);
}

void
complain_of_silence(FILE *file, const struct look *look, const char *path,
    const char *method, int r)
{
	struct buffer out = {0};

	begin(&out, look);
	if (r == -ETIMEDOUT)
		buffer_add_text(&out, "the daemon did not answer in time on ");
	else if (r == -ECONNRESET)
		buffer_add_text(
		    &out, "the daemon went away before it answered on ");
	else
		buffer_add_text(&out, "what answers is no presenced on ");
	visible_add(&out, slice_of(path));
	if (r == -EMSGSIZE)
		buffer_add_text(&out, " (a line without end)");
	if (strcmp(method, "set_state") == 0)
		buffer_add_text(&out,
		    "\n  the state may have been set all the same: get-state "
		    "tells");
	end(&out, file);
}

void
complain_of_protocol(
    FILE *file, const struct look *look, const char *path, int64_t major)
{
	struct buffer out = {0};

	begin(&out, look);
	buffer_add_format(&out,
	    "this presencectl speaks protocol %d, but protocol %lld is spoken "
	    "on ",
	    PROTOCOL_MAJOR, (long long)major);
	visible_add(&out, slice_of(path));
	buffer_add_text(&out,
	    "\n  use the presencectl that belongs to the daemon; restart the "
	    "daemon after an upgrade");
	end(&out, file);
}

void
complain_of_failure(
    FILE *file, const struct look *look, const char *text, int r)
{
	struct buffer out = {0};

	begin(&out, look);
	buffer_add_format(&out, "%s: %s", text, strerror(-r));
	end(&out, file);
}

void
complain_of_usage(const char *format, ...)
{
	struct buffer out = {0};
	char text[USAGE_BYTES];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	buffer_add_text(&out, "presencectl: ");
	visible_add(&out, slice_of(text));
	buffer_add_text(&out, "\nTry 'presencectl --help'.");
	end(&out, stderr);
}
