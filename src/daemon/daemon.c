/* SPDX-License-Identifier: MIT */
/*
 * Daemon: who is handed what. The only place that knows all the rooms, and it
 * knows nothing else: no byte of a request passes through here.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "base/message.h"
#include "core/query.h"
#include "daemon/descriptors.h"
#include "daemon/door.h"
#include "daemon/drain.h"
#include "daemon/loop.h"
#include "daemon/polled.h"
#include "daemon/pulse.h"
#include "daemon/reload.h"
#include "daemon/settings.h"
#include "daemon/snapshot.h"
#include "daemon/systemd.h"
#include "wire/proto.h"

/* One read's worth: what comes in more is read in the next turn. */
#define SCRATCH_BYTES (64 * 1024)

#define EPOCH_BYTES 8

/* What taking everything down may take, beyond the drain; for a slow machine. */
#define END_USEC (5 * USEC_PER_SEC)

struct daemon {
	const struct config_request *request; /* borrowed */
	struct config started; /* what only a restart changes is in this one */
	struct config
	    reloaded; /* the one in force; {0} before the first reload */
	struct settings settings;
	struct access access;
	struct stats stats;
	char epoch[2 * EPOCH_BYTES + 1];
	struct buffer line_full, line_full_uid;
	char *scratch;
	struct conn_env conns;

	struct loop *loop;
	struct loop_signal *terminate, *interrupt, *hangup;
	struct sign *sign;
	struct http *http;
	struct fetch *fetch;
	struct stream *stream;
	struct query *query;
	struct dispatch *dispatch;
	struct listener *listener;
	struct door door;
	struct drain drain;
	struct pulse pulse;
	struct snapshot snapshot;
};

static const struct config *
config_of(const struct daemon *daemon)
{
	return daemon->reloaded.sources ? &daemon->reloaded : &daemon->started;
}

static int64_t
realtime(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Rules live where they stay over a reload. */
static void
take_access(struct daemon *daemon, struct config *config)
{
	access_done(&daemon->access);
	daemon->access = config->access;
	config->access = (struct access){0};
}

static void
set_up_log(const struct config *config)
{
	log_set_level((enum log_level)config->log.level);
	log_set_sink(NULL, NULL);
	if (config->log.target == CONFIG_LOG_JOURNAL ||
	    (config->log.target == CONFIG_LOG_AUTO &&
		systemd_is_journal_stderr()))
		systemd_log_to_journal();
}

/* No core file and no debugger of the same user gets at a secret. For good: what
 * was in memory once may lie about in it. */
static void
close_memory(const struct config *config)
{
	if (*config->upstream.auth_token_file ||
	    *config->upstream.secret_key_file)
		(void)prctl(PR_SET_DUMPABLE, 0);
}

static size_t
room_for_clients(const struct config *config)
{
	size_t wanted = (size_t)config->server.max_clients;
	size_t n = descriptors_raise(wanted);

	if (n < wanted)
		log_warning(LOG_TEXT("too few descriptors for max_clients, "
				     "serving fewer; raise LimitNOFILE"),
		    LOG_ID(MESSAGE_FEW_DESCRIPTORS),
		    LOG_INT("max_clients", wanted), LOG_INT("serving", n));
	return n;
}

/* ---- signals ---- */

/* The rooms whose settings have changed in place, and what is no setting. */
static void
put_in_force(struct daemon *daemon, struct config *config)
{
	if (config->server.max_clients != config_of(daemon)->server.max_clients)
		daemon->settings.listener.max_clients =
		    room_for_clients(config);
	take_access(daemon, config);
	set_up_log(config);
	close_memory(config);
	if (polled_apply(daemon->query, config) < 0)
		log_warning(LOG_TEXT("out of memory for all of [poll]"));
	config_done(&daemon->reloaded);
	daemon->reloaded = *config;
	*config = (struct config){0};
	dispatch_limits_changed(daemon->dispatch);
	query_policy_changed(daemon->query);
	stream_settings_changed(daemon->stream);
}

static bool
reload(struct reload_told *told, void *userdata)
{
	struct daemon *daemon = userdata;
	const struct reload reload = {
	    .request = daemon->request,
	    .started = &daemon->started,
	    .current = config_of(daemon),
	    .settings = &daemon->settings,
	    .sign = daemon->sign,
	};
	struct config config = {0};
	bool is_done;

	systemd_notify_reloading();
	is_done = reload_run(&reload, told, &config);
	if (is_done) {
		put_in_force(daemon, &config);
		log_info(LOG_TEXT("reloaded"));
	}
	systemd_notify_ready();
	pulse_reloaded(&daemon->pulse, !is_done);
	return is_done;
}

static void
on_hangup(_unused_ int number, void *userdata)
{
	struct reload_told told = {0};

	(void)reload(&told, userdata);
	reload_told_done(&told);
}

static void
on_end(_unused_ int number, void *userdata)
{
	struct daemon *daemon = userdata;
	int64_t timeout_usec = config_of(daemon)->server.drain_timeout_usec;

	systemd_notify_stopping(timeout_usec + DRAIN_FLUSH_USEC + END_USEC,
	    "answering those who wait");
	pulse_ending(&daemon->pulse);
	drain_start(&daemon->drain, timeout_usec);
}

/* ---- up ---- */

static int
make_epoch(struct daemon *daemon)
{
	unsigned char bytes[EPOCH_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(daemon->epoch + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int
make_refusal(struct buffer *line, const char *message)
{
	const struct proto_error error = {
	    .kind = PROTO_ERROR_PROBLEM,
	    .problem = {.kind = PROBLEM_LIMIT},
	    .message = message,
	};

	proto_add_error(line, PROTO_ID_NULL, &error);
	buffer_add_char(line, '\n');
	return buffer_is_failed(line) ? -ENOMEM : 0;
}

/* What the rooms need that is no room. */
static int
make_furniture(struct daemon *daemon)
{
	int r = settings_start(&daemon->settings, &daemon->started,
	    room_for_clients(&daemon->started));

	if (r == 0)
		r = make_epoch(daemon);
	if (r == 0)
		r = make_refusal(&daemon->line_full, "too many clients");
	if (r == 0)
		r = make_refusal(
		    &daemon->line_full_uid, "too many clients of this user");
	daemon->scratch = malloc(SCRATCH_BYTES);
	if (r == 0 && !daemon->scratch)
		r = -ENOMEM;
	return r;
}

static int
make_loop(struct daemon *daemon)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	int r;

	/* A peer that hangs up is an EPIPE, nothing more. */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0)
		return -errno;
	r = loop_new(&daemon->loop);
	if (r == 0)
		r = loop_signal_new(
		    daemon->loop, SIGTERM, on_end, daemon, &daemon->terminate);
	if (r == 0)
		r = loop_signal_new(
		    daemon->loop, SIGINT, on_end, daemon, &daemon->interrupt);
	if (r == 0)
		r = loop_signal_new(
		    daemon->loop, SIGHUP, on_hangup, daemon, &daemon->hangup);
	return r;
}

static int
make_upstream(struct daemon *daemon)
{
	const struct settings *settings = &daemon->settings;
	struct fetch_needs needs = {
	    .clock = loop_clock(daemon->loop),
	    .stats = &daemon->stats,
	    .settings = &settings->fetch,
	};
	int r = sign_new(&settings->sign, &daemon->sign);

	if (r == 0)
		r = http_new(
		    loop_base(daemon->loop), &settings->http, &daemon->http);
	if (r < 0)
		return r;
	needs.http = daemon->http;
	needs.sign = daemon->sign;
	r = fetch_new(&needs, &daemon->fetch);
	if (r < 0)
		return r;
	return stream_new(
	    &(const struct stream_needs){
		.clock = needs.clock,
		.http = needs.http,
		.sign = needs.sign,
		.stats = needs.stats,
		.settings = &settings->stream,
	    },
	    &daemon->stream);
}

static int
make_core(struct daemon *daemon)
{
	int r = query_new(loop_clock(daemon->loop), &daemon->settings.policy,
	    &daemon->stats, fetch_upstream(daemon->fetch), &daemon->query);

	if (r == 0)
		r = polled_apply(daemon->query, &daemon->started);
	if (r < 0)
		return r;
	fetch_start(daemon->fetch, daemon->query);
	stream_start(daemon->stream, daemon->query);
	return 0;
}

static int
make_snapshot(struct daemon *daemon)
{
	const struct snapshot_needs needs = {
	    .clock = loop_clock(daemon->loop),
	    .query = daemon->query,
	    .stats = &daemon->stats,
	    .settings = &daemon->settings.snapshot,
	    .origin = daemon->started.upstream.origin,
	    .subscribe_key = daemon->started.upstream.subscribe_key,
	};
	int r =
	    snapshot_init(&daemon->snapshot, &needs, getenv("STATE_DIRECTORY"));

	if (r == 0)
		snapshot_load(&daemon->snapshot);
	return r;
}

static void
on_gone(uid_t uid, void *userdata)
{
	struct daemon *daemon = userdata;

	listener_client_gone(daemon->listener, uid);
	drain_on_gone(&daemon->drain);
}

static int
make_dispatch(struct daemon *daemon)
{
	const struct dispatch_env env = {
	    .conns = &daemon->conns,
	    .query = daemon->query,
	    .limits = &daemon->settings.dispatch,
	    .access = &daemon->access,
	    .user_id = slice_of(daemon->started.upstream.user_id),
	    .version = SLICE(PACKAGE_VERSION),
	    .epoch = slice_of(daemon->epoch),
	    .realtime = realtime,
	    .gone = on_gone,
	    .reload = reload,
	    .userdata = daemon,
	};

	daemon->conns = (struct conn_env){
	    .base = loop_base(daemon->loop),
	    .clock = loop_clock(daemon->loop),
	    .stats = &daemon->stats,
	    .limits = &daemon->settings.conns,
	    .scratch = daemon->scratch,
	    .n_scratch = SCRATCH_BYTES,
	};
	return dispatch_new(&env, &daemon->dispatch);
}

static int
make_listener(struct daemon *daemon)
{
	const struct listener_env env = {
	    .base = loop_base(daemon->loop),
	    .clock = loop_clock(daemon->loop),
	    .stats = &daemon->stats,
	    .limits = &daemon->settings.listener,
	    .line_full = {daemon->line_full.data, daemon->line_full.n},
	    .line_full_uid = {daemon->line_full_uid.data,
		daemon->line_full_uid.n},
	};

	return listener_new(
	    &env, dispatch_accept, daemon->dispatch, &daemon->listener);
}

static int
make_rooms(struct daemon *daemon)
{
	static int (*const makers[])(struct daemon * daemon) = {make_furniture,
	    make_loop, make_upstream, make_core, make_snapshot, make_dispatch,
	    make_listener};

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		int r = makers[i](daemon);

		if (r < 0)
			return r;
	}
	return 0;
}

int
daemon_new(const struct config_request *request, struct config *config,
    struct daemon **ret)
{
	_cleanup_(daemon_freep) struct daemon *daemon =
	    calloc(1, sizeof(*daemon));
	int r;

	if (!daemon)
		return -ENOMEM;
	daemon->request = request;
	daemon->started = *config;
	*config = (struct config){0};
	set_up_log(&daemon->started);
	close_memory(&daemon->started);
	take_access(daemon, &daemon->started);
	r = make_rooms(daemon);
	if (r < 0) {
		log_error(LOG_TEXT("cannot start"), LOG_ERRNO(r));
		return r;
	}
	drain_init(&daemon->drain,
	    &(struct drain_needs){daemon->loop, daemon->listener,
		daemon->dispatch, daemon->query});
	pulse_init(&daemon->pulse,
	    &(struct pulse_needs){
		loop_clock(daemon->loop), daemon->query, &daemon->stats});
	r = door_open(&daemon->door, daemon->listener, &daemon->started,
	    &daemon->settings.socket);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(daemon);
	return 0;
}

/* ---- and down ---- */

int
daemon_run(struct daemon *daemon)
{
	const struct config *config = &daemon->started;
	int r;

	reload_log_unused(config);
	log_info(LOG_TEXT("ready"), LOG_STR("version", PACKAGE_VERSION),
	    LOG_STR("socket", daemon->door.path),
	    LOG_STR("origin", config->upstream.origin),
	    LOG_STR("config",
		config->was_file_read ? config->file : "none, defaults"));
	systemd_notify_ready();
	snapshot_start(&daemon->snapshot);
	r = pulse_start(&daemon->pulse);
	if (r == 0)
		r = loop_run(daemon->loop);
	snapshot_finish(&daemon->snapshot);
	if (r < 0)
		log_error(LOG_TEXT("the event loop failed"), LOG_ERRNO(r));
	else
		log_info(LOG_TEXT("ended"));
	return r;
}

struct daemon *
daemon_free(struct daemon *daemon)
{
	if (!daemon)
		return NULL;
	/* From the door inwards: each goes before whom it calls. The listener
	 * stays until the last session has told it so. */
	if (daemon->listener)
		listener_stop(daemon->listener);
	dispatch_free(daemon->dispatch);
	conn_env_done(&daemon->conns);
	drain_done(&daemon->drain);
	pulse_done(&daemon->pulse);
	snapshot_done(&daemon->snapshot);
	listener_free(daemon->listener);
	if (daemon->query)
		query_stop(daemon->query);
	fetch_free(daemon->fetch);
	stream_free(daemon->stream);
	query_free(daemon->query);
	http_free(daemon->http);
	sign_free(daemon->sign);
	loop_signal_free(daemon->terminate);
	loop_signal_free(daemon->interrupt);
	loop_signal_free(daemon->hangup);
	loop_free(daemon->loop);

	free(daemon->scratch);
	buffer_done(&daemon->line_full);
	buffer_done(&daemon->line_full_uid);
	access_done(&daemon->access);
	settings_done(&daemon->settings);
	config_done(&daemon->reloaded);
	config_done(&daemon->started);
	free(daemon);
	return NULL;
}
