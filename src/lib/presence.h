/* SPDX-License-Identifier: MIT */
/*
 * libpresence: questions to presenced, the presence daemon of this host.
 *
 *	struct presence *presence;
 *	struct presence_reply *reply;
 *	const char *const lobby[] = {"lobby", NULL};
 *
 *	r = presence_open(NULL, "ana", &presence);
 *	r = presence_here_now(presence,
 *	    &(struct presence_here_now_request){.channels = lobby}, &reply);
 *	if (r == 0 && !presence_reply_is_error(reply))
 *		printf("%" PRIu64 "\n", presence_reply_total_occupancy(reply));
 *
 * Shapes:    a request is a struct in which zero means "not said", a reply is
 *            one object for whatever came of a call: its status, as the users
 *            of the service's SDKs know it, and its result. The protocol below
 *            is presenced-protocol(7); its texts are never re-written, a
 *            state is the JSON text as it was set, byte for byte.
 * Ownership: what a function hands out through ret is the caller's to free,
 *            and so is the reply that a callback is given; what an accessor
 *            returns is borrowed from its reply and lives as long. A reply
 *            outlives the handle it came from. Requests are copied.
 * Calls:     each ends exactly once, with a reply: the daemon's, or one that
 *            says why there is none (presence_reply_error_number()). A function
 *            that makes a call fails, with a negative errno and *ret untouched,
 *            only when there was no call: -EINVAL, the request can be no
 *            request (a state that is not a JSON object, a name that is not
 *            UTF-8); -ENOMEM; -ECANCELED, in presence_close().
 * Threads:   one handle per thread at a time, no shared state, no globals; a
 *            handle may move between threads. It is of no use after fork().
 * Manners:   nothing happens unless asked: no thread, no signal (SIGPIPE
 *            neither), no logging. Sockets are close-on-exec.
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
 * much longer, and only a daemon that hangs is ever given up. Who names no
 * timeout waits for the longest that a daemon can be configured to take.
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
 * A handle for the daemon at path; NULL means $PRESENCED_SOCKET if that is set
 * and not empty, else PRESENCE_SOCKET_DEFAULT. user_id is who asks: it goes
 * with every call that is about one user and names no other. NULL leaves that
 * to the daemon, which has a user id of its own. Both are copied. Opens nothing.
 * -EINVAL: an empty path, or a user id that is empty or not UTF-8;
 * -ENAMETOOLONG: no socket can have such a path.
 */
int presence_open(const char *path, const char *user_id, struct presence **ret);
/* Ends every call that has not ended (their callbacks are run, with ECANCELED),
 * closes and frees; takes NULL; returns NULL. Not from a callback of its own. */
struct presence *presence_close(struct presence *presence);
/* The path it was made for. */
const char *presence_path(struct presence *presence);
/* Replies and notifications longer than this end the connection. */
void presence_set_max_line_bytes(struct presence *presence, size_t max_bytes);

/*
 * Connects unless connected. Every call does it by itself; called alone it
 * tells "no daemon" from whatever may go wrong later.
 *
 * -ENOENT: no such socket; -ECONNREFUSED: a socket nobody listens on any more;
 * -EACCES: not allowed to, the socket's mode and group say who is; -ETIMEDOUT:
 * the daemon does not accept; others as connect(2) has them.
 */
int presence_connect(struct presence *presence, int64_t timeout_usec);
bool presence_is_connected(struct presence *presence);
/* Drops the connection, which ends the calls that had been sent; the next call
 * makes a new one. */
void presence_disconnect(struct presence *presence);

/* ---- requests ---- */

/* The caller's own terms, for every query. */
struct presence_terms {
	bool has_max_age;
	int64_t max_age_usec; /* 0: an answer asked for after this call */
	bool has_stale_if_error;
	int64_t stale_if_error_usec;
	bool has_timeout;
	int64_t timeout_usec; /* how long the daemon may take; 0: cache only */
};

/* Lists of names end with NULL; a NULL list names nothing. A call about neither
 * channels nor groups is about every channel, where the daemon allows that. */
struct presence_here_now_request {
	const char *const *channels;
	const char *const *channel_groups;
	bool no_uuids; /* occupancies only */
	bool include_state;
	bool has_limit;
	uint64_t limit;    /* occupants of each channel */
	uint64_t offset;   /* occupants passed over, or */
	const char *after; /* those that sort behind this uuid */
	struct presence_terms terms;
};

struct presence_where_now_request {
	const char *uuid; /* NULL: the handle's user id */
	struct presence_terms terms;
};

struct presence_get_state_request {
	const char *const *channels;
	const char *const *channel_groups;
	const char *uuid; /* NULL: the handle's user id */
	struct presence_terms terms;
};

struct presence_set_state_request {
	const char *const *channels;
	const char *const *channel_groups;
	const char *uuid;  /* NULL: the handle's user id */
	const char *state; /* the text of a JSON object */
	bool has_timeout;
	int64_t timeout_usec;
};

/* ---- calls that wait ---- */

/*
 * Each waits for its reply, at most its timeout and the margin. They run no
 * callbacks: those of other calls come with the next presence_process().
 *
 * A call connects when there is no connection. One that had been sent when the
 * connection ended ends with ECONNRESET, and may have taken effect; one that
 * had not goes over the next connection.
 */
int presence_here_now(struct presence *presence,
    const struct presence_here_now_request *request,
    struct presence_reply **ret);
int presence_where_now(struct presence *presence,
    const struct presence_where_now_request *request,
    struct presence_reply **ret);
int presence_get_state(struct presence *presence,
    const struct presence_get_state_request *request,
    struct presence_reply **ret);
int presence_set_state(struct presence *presence,
    const struct presence_set_state_request *request,
    struct presence_reply **ret);
/* Whether it answers at all. */
int presence_ping(struct presence *presence, struct presence_reply **ret);
/* The daemon's own state, as presence_reply_result() text. */
int presence_daemon_status(
    struct presence *presence, struct presence_reply **ret);

/*
 * Any method of the protocol, for what has no function of its own. params is
 * the text of a JSON object, or NULL for none; the result is its text. The
 * timeout is how long to wait here, negative for PRESENCE_TIMEOUT_DEFAULT_USEC.
 */
int presence_call(struct presence *presence, const char *method,
    const char *params, int64_t timeout_usec, struct presence_reply **ret);

/* ---- calls with a callback ---- */

/*
 * The reply is the callback's own, to be freed. Callbacks run from
 * presence_process() and presence_close() only, never from inside the function
 * that makes the call; from a callback, every function may be called but
 * presence_process() and presence_close().
 */
typedef void presence_reply_fn(
    struct presence *presence, struct presence_reply *reply, void *userdata);

int presence_here_now_async(struct presence *presence,
    const struct presence_here_now_request *request, presence_reply_fn *fn,
    void *userdata);
int presence_where_now_async(struct presence *presence,
    const struct presence_where_now_request *request, presence_reply_fn *fn,
    void *userdata);
int presence_get_state_async(struct presence *presence,
    const struct presence_get_state_request *request, presence_reply_fn *fn,
    void *userdata);
int presence_set_state_async(struct presence *presence,
    const struct presence_set_state_request *request, presence_reply_fn *fn,
    void *userdata);
int presence_ping_async(
    struct presence *presence, presence_reply_fn *fn, void *userdata);
int presence_daemon_status_async(
    struct presence *presence, presence_reply_fn *fn, void *userdata);
int presence_call_async(struct presence *presence, const char *method,
    const char *params, int64_t timeout_usec, presence_reply_fn *fn,
    void *userdata);

/*
 * For a loop of yours: wait for presence_events() on presence_fd(), at most
 * presence_timeout_usec(), then presence_process(); again and again. All three
 * may change with every call of this library, so they are asked for each time.
 */

/* The socket, or -1 when there is none to wait for. */
int presence_fd(struct presence *presence);
/* POLLIN and, when something is to be sent, POLLOUT, of poll(2). */
short presence_events(struct presence *presence);
/* 0: now; -1: however long. */
int64_t presence_timeout_usec(struct presence *presence);
/* Sends, receives, and runs the callbacks of what ended. Never waits. */
void presence_process(struct presence *presence);
/* Calls that have not had their callback. */
size_t presence_n_pending(struct presence *presence);

/* ---- replies: the status ---- */

/* Takes NULL; returns NULL. */
struct presence_reply *presence_reply_free(struct presence_reply *reply);

bool presence_reply_is_error(struct presence_reply *reply);

/*
 * 0 if the daemon replied, whatever it said; else why it did not:
 *
 * ENOENT: no such socket; ECONNREFUSED: a socket nobody listens on any more;
 * EACCES: not allowed to, the socket's mode and group say who is; others as
 * connect(2) has them.
 * ETIMEDOUT:  no reply in time. The call may still happen: a set_state given
 *             up like this can take effect.
 * ECONNRESET: the daemon went away before it had answered; as above.
 * EMSGSIZE:   a line over the bound.
 * EBADMSG:    what answers does not speak the protocol.
 * ECANCELED:  the handle was closed.
 * ENOMEM.
 */
int presence_reply_error_number(struct presence_reply *reply);

/* The SDKs' name for what was asked, "PNHereNowOperation"; of a method that
 * they do not have, the method. */
const char *presence_reply_operation(struct presence_reply *reply);
/* The SDKs' name for what came of it, "PNAccessDeniedCategory"; of a result,
 * "PNAcknowledgmentCategory". */
const char *presence_reply_category(struct presence_reply *reply);
/* The upstream's HTTP status; 200 of a result, 0 if there was none. */
int presence_reply_status_code(struct presence_reply *reply);

/* Of an error; of a result they are 0, "", false, -1 and empty lists. Texts end
 * at a NUL that the daemon might have put in them. */
int64_t presence_reply_error_code(struct presence_reply *reply);
/* The contract's word, "upstream_denied"; "" if the daemon gave none. */
const char *presence_reply_error_kind(struct presence_reply *reply);
const char *presence_reply_error_message(struct presence_reply *reply);
/* The parameter that was refused; "" if none was. */
const char *presence_reply_error_param(struct presence_reply *reply);
bool presence_reply_error_is_retryable(struct presence_reply *reply);
/* In how many microseconds it is worth trying again; -1 if not known. */
int64_t presence_reply_error_retry_after_usec(struct presence_reply *reply);
/* Those that were refused, ending with NULL; never NULL itself. */
const char *const *presence_reply_error_channels(struct presence_reply *reply);
const char *const *presence_reply_error_channel_groups(
    struct presence_reply *reply);

/* How a result was got; presenced-protocol(7) explains the words. */
struct presence_cache {
	bool is_hit;
	bool is_stale;
	bool is_collapsed;
	int64_t age_usec;
	int64_t ttl_usec;   /* what remains; negative when stale */
	const char *source; /* "poll" or "stream" */
	const char *fwd;    /* "miss", "stale", "request"; "" if a hit */
	const char *detail; /* why it is stale; "" if it is not */
};

/* NULL of what has none: errors, writes and the daemon's own affairs. */
const struct presence_cache *presence_reply_cache(struct presence_reply *reply);

/* The error object's JSON text, also NUL-terminated, and its length unless ret_n
 * is NULL. NULL (and 0) of a result, and if the daemon did not reply. */
const char *presence_reply_error(struct presence_reply *reply, size_t *ret_n);

/* ---- replies: the result ---- */

/* The same of the result. NULL (and 0) of an error. */
const char *presence_reply_result(struct presence_reply *reply, size_t *ret_n);

struct presence_occupant {
	const char *uuid;
	const char *state; /* a JSON text; NULL: none, or not asked for */
};

struct presence_channel {
	const char *name;
	uint64_t occupancy;
	/* here_now: ordered by the bytes of uuid. */
	const struct presence_occupant *occupants;
	size_t n_occupants;
	/* get_state: a JSON object. Else NULL. */
	const char *state;
};

/* here_now. */
uint64_t presence_reply_total_occupancy(struct presence_reply *reply);
uint64_t presence_reply_total_channels(struct presence_reply *reply);

/* Of here_now, where_now (which tells only names) and get_state: the channels,
 * ordered by the bytes of their names. NULL and 0 of everything else. */
const struct presence_channel *presence_reply_channels(
    struct presence_reply *reply, size_t *ret_n);
/* NULL: none of this name. Costs a logarithm. */
const struct presence_channel *presence_reply_find_channel(
    struct presence_reply *reply, const char *name);
const struct presence_occupant *presence_channel_find_occupant(
    const struct presence_channel *channel, const char *uuid);

/* Of set_state: the object that was set. NULL of everything else. */
const char *presence_reply_state(struct presence_reply *reply);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
