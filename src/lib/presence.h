/* SPDX-License-Identifier: MIT */
/*
 * libpresence: questions to presenced, the presence daemon of this host.
 *
 *	struct presence *presence;
 *	struct presence_reply *reply;
 *
 *	r = presence_new(NULL, &presence);
 *	r = presence_call(presence, "here_now", "{\"channels\":\"lobby\"}",
 *	    PRESENCE_TIMEOUT_DEFAULT, &reply);
 *	if (r == 0 && !presence_reply_is_error(reply))
 *		puts(presence_reply_result(reply, NULL));
 *
 * Shapes:    methods, parameters and results are those of the protocol,
 *            presenced-protocol(7). A result is the JSON text as the daemon
 *            sent it, byte for byte: no number or state is ever re-written.
 * Ownership: what a function hands out through ret is the caller's to free;
 *            what an accessor returns is borrowed from its reply and lives as
 *            long. A reply outlives the handle it came from.
 * Threads:   one handle per thread at a time, no shared state, no globals; a
 *            handle may move between threads. It is of no use after fork().
 * Manners:   nothing happens unless asked: no thread, no signal (SIGPIPE
 *            neither), no logging. Sockets are close-on-exec.
 * Errors:    0, or a negative errno after which *ret is untouched. That the
 *            daemon said no is not one of them: that is a reply.
 * Units:     microseconds in int64_t, of a clock that counts suspended time.
 */
#ifndef PRESENCE_H
#define PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* Where presenced listens unless told otherwise. */
#define PRESENCE_SOCKET_DEFAULT "/run/presenced/presenced.sock"

/*
 * How long the daemon may think about a call is its own matter ("timeout" in
 * the parameters, 60 s at most); how long we wait for its words is ours. The
 * margin is what its reply may need to reach us: wait for its timeout and this
 * much longer, and only a daemon that hangs is ever given up.
 */
#define PRESENCE_TIMEOUT_MARGIN_USEC  (2 * INT64_C(1000000))
#define PRESENCE_TIMEOUT_DEFAULT_USEC (62 * INT64_C(1000000))
#define PRESENCE_TIMEOUT_DEFAULT      INT64_C(-1)

/* The daemon's max_reply_bytes is 16M unless configured; a line longer than
 * this is taken for a broken server, not waited for. */
#define PRESENCE_MAX_LINE_BYTES_DEFAULT ((size_t)64 * 1024 * 1024)

struct presence;
struct presence_reply;

/* ---- the handle ---- */

/*
 * A handle for the daemon at path, which is copied; NULL means $PRESENCED_SOCKET
 * if that is set and not empty, else PRESENCE_SOCKET_DEFAULT. Opens nothing.
 * -EINVAL: an empty path; -ENAMETOOLONG: no socket can have such a path.
 */
int presence_new(const char *path, struct presence **ret);
/* Closes and frees; takes NULL; returns NULL. */
struct presence *presence_free(struct presence *presence);
/* The path it was made for. */
const char *presence_path(struct presence *presence);
/* Replies and notifications longer than this end the connection. */
void presence_set_max_line_bytes(struct presence *presence, size_t max_bytes);

/*
 * Connects unless connected. presence_call() does it by itself; called alone it
 * tells "no daemon" from whatever may go wrong later.
 *
 * -ENOENT: no such socket; -ECONNREFUSED: a socket nobody listens on any more;
 * -EACCES: not allowed to, the socket's mode and group say who is; -ETIMEDOUT:
 * the daemon does not accept; others as connect(2) has them.
 */
int presence_connect(struct presence *presence, int64_t timeout_usec);
bool presence_is_connected(struct presence *presence);
/* Drops the connection; the next call makes a new one. */
void presence_disconnect(struct presence *presence);

/* ---- calls ---- */

/*
 * Calls a method and waits for its reply. params is the text of a JSON object,
 * or NULL for none. Of what arrives meanwhile, notifications and replies to
 * calls given up earlier are skipped. A refusal that names no call ("too many
 * clients", "line too long") is taken as this call's reply.
 *
 * -EINVAL:     params is not one strictly valid JSON object, or method not UTF-8.
 * -ETIMEDOUT:  no reply in time. The call may still happen: a set_state given
 *              up like this can take effect.
 * -ECONNRESET: the daemon went away before it had answered; as above.
 * -EMSGSIZE:   a line over the bound.
 * -EBADMSG:    what answers does not speak the protocol.
 * -ENOMEM, or what presence_connect() gives.
 *
 * A failure may cost the connection, never the handle: the next call connects
 * again. A connection found ended before a call was sent is no failure at all.
 */
int presence_call(struct presence *presence, const char *method,
    const char *params, int64_t timeout_usec, struct presence_reply **ret);

/* ---- replies ---- */

/* Takes NULL; returns NULL. */
struct presence_reply *presence_reply_free(struct presence_reply *reply);

bool presence_reply_is_error(struct presence_reply *reply);

/* The result's JSON text, also NUL-terminated, and its length unless ret_n is
 * NULL. NULL (and 0) of an error. */
const char *presence_reply_result(struct presence_reply *reply, size_t *ret_n);
/* The same of the error object; NULL of a result. */
const char *presence_reply_error(struct presence_reply *reply, size_t *ret_n);

/* Of an error; of a result they are 0, "", false and -1. Texts end at a NUL that
 * the daemon might have put in them. */
int64_t presence_reply_error_code(struct presence_reply *reply);
/* The contract's word, "upstream_denied"; "" if the daemon gave none. */
const char *presence_reply_error_kind(struct presence_reply *reply);
/* The SDKs' word, "PNAccessDeniedCategory". */
const char *presence_reply_error_category(struct presence_reply *reply);
const char *presence_reply_error_message(struct presence_reply *reply);
bool presence_reply_error_is_retryable(struct presence_reply *reply);
/* The upstream's HTTP status, 0 if there was none. */
int presence_reply_error_status_code(struct presence_reply *reply);
/* In how many microseconds it is worth trying again; -1 if not known. */
int64_t presence_reply_error_retry_after_usec(struct presence_reply *reply);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
