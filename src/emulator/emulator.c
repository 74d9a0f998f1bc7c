/* SPDX-License-Identifier: MIT */
/*
 * Who is built from what, in which order, and taken down in the reverse.
 */
#include "emulator/emulator.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "emulator/control.h"
#include "emulator/exchange.h"
#include "emulator/http.h"
#include "emulator/loop.h"
#include "emulator/secret.h"
#include "emulator/wallclock.h"

/* Descriptors that are not connections. */
#define SPARE_FILES 64

struct emulator {
	const struct options *options; /* borrowed; outlives us */
	struct event_base *base;
	struct loop_clock loop;
	struct worldclock time; /* of the loop's clock */
	struct event *on_term;
	struct event *on_int;
	FILE *event_file; /* owned; NULL: none */
	struct eventlog *eventlog;
	struct realms *realms;
	struct population *population;
	struct scenario *scenario;
	struct rest *rest;
	struct live *live;
	struct faults *faults;
	struct journal *journal;
	struct exchanges *exchanges;
	struct tls *tls;
	struct http_server *server;
	struct control control;
	struct secret secret; /* {0}: none is known */
	unsigned ports[LISTENERS_MAX];
	size_t max_connections; /* fewer than asked for: files are short */
};

static int
fail(const char *what, int r)
{
	fprintf(stderr, "presence-emulator: %s: %s\n", what, strerror(-r));
	return r;
}

static void
reply_control(struct emulator *emulator, struct http_request *request)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	_cleanup_(blob_unrefp) struct blob *blob = NULL;
	struct http_response response = {
	    .headers = SLICE("Content-Type: application/json\r\n"
			     "Cache-Control: no-store\r\n"),
	};
	int r;

	r = control_answer(&emulator->control, http_request_method(request),
	    http_request_target(request), http_request_body(request),
	    &response.status, &body);
	blob = r < 0 ? NULL : blob_of((struct slice){body.data, body.n});
	if (!blob)
		response.status = 500;
	response.body = blob;
	http_reply(request, &response);
}

static bool
is_control(const struct emulator *emulator, const struct http_request *request)
{
	if (!control_is_target(http_request_target(request)))
		return false;
	return !emulator->options->has_control ||
	    http_request_role(request) == ROLE_CONTROL;
}

static void
on_request(struct http_request *request, void *userdata)
{
	struct emulator *emulator = userdata;

	if (is_control(emulator, request))
		reply_control(emulator, request);
	else if (http_request_role(request) == ROLE_CONTROL)
		http_reply(request, &(struct http_response){.status = 404});
	else
		exchange_begin(emulator->exchanges, request);
}

static void
on_too_long(struct http_request *request, void *userdata)
{
	struct emulator *emulator = userdata;

	exchange_refuse_too_long(emulator->exchanges, request);
}

static void
on_signal(_unused_ evutil_socket_t signal, _unused_ short what, void *userdata)
{
	struct emulator *emulator = userdata;

	event_base_loopbreak(emulator->base);
}

static int
build_loop(struct emulator *emulator)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	int r;

	/* Who closed their end is found out by write()'s result. */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0)
		return -errno;
	emulator->base = event_base_new();
	if (!emulator->base)
		return -ENOMEM;
	r = loop_clock_init(
	    &emulator->loop, emulator->base, emulator->options->speed);
	if (r < 0)
		return r;
	emulator->time.clock = &emulator->loop.clock;
	emulator->on_term =
	    evsignal_new(emulator->base, SIGTERM, on_signal, emulator);
	emulator->on_int =
	    evsignal_new(emulator->base, SIGINT, on_signal, emulator);
	if (!emulator->on_term || !emulator->on_int ||
	    event_add(emulator->on_term, NULL) < 0 ||
	    event_add(emulator->on_int, NULL) < 0)
		return -ENOMEM;
	return 0;
}

/* Here, not at the first event: who cannot write it wants to know now. */
static int
build_eventlog(struct emulator *emulator)
{
	const struct options *options = emulator->options;

	if (options->event_log) {
		emulator->event_file = fopen(options->event_log, "we");
		if (!emulator->event_file)
			return fail(options->event_log, -errno);
	}
	return eventlog_new(&emulator->loop.clock, options->max_events,
	    emulator->event_file, &emulator->eventlog);
}

static int
build_world(struct emulator *emulator)
{
	const struct options *options = emulator->options;
	struct clock *clock = &emulator->loop.clock;
	struct realm *realm = NULL;
	int r;

	r = realms_new(clock, &emulator->realms);
	if (r < 0)
		return r;
	realms_set_log(emulator->realms, emulator->eventlog);
	r = realms_get(emulator->realms, options_key(options), &realm);
	if (r >= 0 && options->population.n_people > 0)
		r = population_new(&options->population, realm->world, clock,
		    &emulator->population);
	return r;
}

/* After the population, of whose arrival nobody can have heard. */
static int
build_live(struct emulator *emulator)
{
	const struct options *options = emulator->options;
	struct live_terms terms = options->live;

	terms.look = options->look;
	realms_set_history(
	    emulator->realms, options->history, options->history_total);
	return live_new(&terms, emulator->realms, emulator->faults,
	    &emulator->time, &emulator->live);
}

static int
read_secret(struct emulator *emulator)
{
	const char *name = emulator->options->secret_key_file;
	int r;

	if (!name)
		return 0;
	r = secret_read(name, &emulator->secret);
	return r < 0 ? fail(name, r) : 0;
}

static int
build_service(struct emulator *emulator)
{
	const struct options *options = emulator->options;
	struct clock *clock = &emulator->loop.clock;
	int r;

	r = rest_new(
	    &(struct rest_terms){
		.look = options->look,
		.cache_usec = options->answer_cache_usec,
		.hides_age = options->hides_age,
		.keys = options->keys,
		.admission =
		    {
			.on = options->access,
			.keys =
			    {
				.secret_key = secret_slice(&emulator->secret),
				.publish_key = slice_of(options->publish_key),
			    },
		    },
		.time = &emulator->time,
	    },
	    emulator->realms, clock, &emulator->rest);
	if (r >= 0)
		r = faults_new(
		    clock, options->population.seed, &emulator->faults);
	if (r >= 0)
		r = build_live(emulator);
	if (r >= 0)
		r = journal_new(options->max_records, &emulator->journal);
	if (r < 0)
		return r;
	emulator->control = (struct control){
	    .clock = clock,
	    .realms = emulator->realms,
	    .rest = emulator->rest,
	    .live = emulator->live,
	    .faults = emulator->faults,
	    .journal = emulator->journal,
	    .eventlog = emulator->eventlog,
	    .population = &emulator->population,
	    .subscribe_key = options_key(options),
	};
	return exchanges_new(
	    &(struct exchange_terms){
		.look = options->look,
		.clock = clock,
		.rest = emulator->rest,
		.live = emulator->live,
		.faults = emulator->faults,
		.journal = emulator->journal,
		.verbose = options->verbose,
	    },
	    &emulator->exchanges);
}

static int
add_faults(struct emulator *emulator)
{
	const struct names *faults = &emulator->options->faults;
	const char *reason = NULL;
	uint64_t id;
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < faults->n; i++)
		r = control_add_fault(
		    &emulator->control, faults->items[i], &id, &reason);
	if (reason)
		fprintf(stderr, "presence-emulator: --fault: %s\n", reason);
	return r;
}

static int
add_grants(struct emulator *emulator)
{
	const struct names *grants = &emulator->options->grants;
	const char *reason = NULL;
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < grants->n; i++)
		r = control_add_grant(
		    &emulator->control, grants->items[i], &reason);
	if (reason)
		fprintf(stderr, "presence-emulator: --grant: %s\n", reason);
	return r;
}

static int
on_scenario_line(struct slice order, bool only_looks, const char **ret_reason,
    void *userdata)
{
	const struct emulator *emulator = userdata;

	return control_run_line(
	    &emulator->control, order, only_looks, ret_reason);
}

static int
read_scenario(struct emulator *emulator)
{
	const char *name = emulator->options->scenario;
	_cleanup_(buffer_done) struct buffer said = {0};
	FILE *file;
	int r;

	if (!name)
		return 0;
	file = fopen(name, "re");
	if (!file)
		return fail(name, -errno);
	r = scenario_read(
	    &(struct scenario_terms){
		.name = name,
		.clock = &emulator->loop.clock,
		.fn = on_scenario_line,
		.userdata = emulator,
	    },
	    file, &said, &emulator->scenario);
	(void)fclose(file);
	if (said.n > 0)
		fprintf(stderr, "presence-emulator: %.*s\n", (int)said.n,
		    said.data);
	else if (r < 0)
		(void)fail(name, r);
	emulator->control.scenario = emulator->scenario;
	return r < 0 ? r : scenario_start(emulator->scenario);
}

/* As many descriptors as the system allows; 0 where it does not say. */
static size_t
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur;
}

static int
build_server(struct emulator *emulator)
{
	size_t n_files = raise_file_limit();

	emulator->max_connections = emulator->options->max_connections;
	if (n_files > SPARE_FILES &&
	    emulator->max_connections > n_files - SPARE_FILES)
		emulator->max_connections = n_files - SPARE_FILES;
	return http_server_new(emulator->base,
	    &(struct http_terms){
		.max_connections = emulator->max_connections,
		.fn = on_request,
		.too_long_fn = on_too_long,
		.userdata = emulator,
	    },
	    &emulator->server);
}

/* Only where somebody will need it: making keys takes a while. */
static int
build_tls(struct emulator *emulator)
{
	const struct options *options = emulator->options;
	char host[ADDRESS_TEXT_MAX] = "localhost";
	bool wanted = options->ca_file != NULL;
	size_t i;
	int r;

	for (i = 0; i < options->n_listeners; i++) {
		if (!options->listeners[i].tls)
			continue;
		wanted = true;
		address_format_host(&options->listeners[i].address, host);
	}
	if (!wanted)
		return 0;
	r = tls_new(host, &emulator->tls);
	if (r >= 0 && options->ca_file) {
		r = tls_write_authority(emulator->tls, options->ca_file);
		if (r < 0)
			return fail(options->ca_file, r);
	}
	return r;
}

static int
listen_at(struct emulator *emulator, size_t i)
{
	const struct listener_options *listener =
	    &emulator->options->listeners[i];
	char text[ADDRESS_TEXT_MAX];
	SSL_CTX *context = NULL;
	int r = 0;

	if (listener->tls)
		r = tls_context(emulator->tls, listener->tls_kind, &context);
	if (r >= 0)
		r = http_server_listen(emulator->server,
		    &listener->address.sockaddr.any, listener->address.n,
		    context, listener->role, &emulator->ports[i]);
	if (r < 0) {
		address_format(&listener->address,
		    ntohs(listener->address.sockaddr.in.sin_port), text);
		return fail(text, r);
	}
	return r;
}

static void
on_refusal(bool refuse, void *userdata)
{
	struct emulator *emulator = userdata;

	http_server_refuse(emulator->server, ROLE_SERVICE, refuse);
}

static int
emulator_build(struct emulator *emulator)
{
	size_t i;
	int r;

	r = build_loop(emulator);
	if (r >= 0)
		r = build_eventlog(emulator);
	if (r >= 0)
		r = read_secret(emulator);
	if (r >= 0)
		r = build_world(emulator);
	if (r >= 0)
		r = build_service(emulator);
	if (r < 0)
		return fail("cannot begin", r);
	r = add_faults(emulator);
	if (r >= 0)
		r = add_grants(emulator);
	if (r >= 0)
		r = read_scenario(emulator);
	if (r >= 0)
		r = build_server(emulator);
	if (r >= 0)
		r = build_tls(emulator);
	for (i = 0; r >= 0 && i < emulator->options->n_listeners; i++)
		r = listen_at(emulator, i);
	if (r >= 0)
		faults_on_refusal(emulator->faults, on_refusal, emulator);
	return r;
}

int
emulator_new(const struct options *options, struct emulator **ret)
{
	_cleanup_(emulator_freep) struct emulator *emulator = NULL;
	int r;

	emulator = calloc(1, sizeof(*emulator));
	if (!emulator)
		return -ENOMEM;
	emulator->options = options;
	r = emulator_build(emulator);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(emulator);
	return 0;
}

struct emulator *
emulator_free(struct emulator *emulator)
{
	if (!emulator)
		return NULL;
	/* Whoever still polls does not leave: it is us who go. */
	if (emulator->live)
		emulator->live->terms.leave_on_close = false;
	http_server_free(emulator->server);
	exchanges_free(emulator->exchanges);
	tls_free(emulator->tls);
	journal_free(emulator->journal);
	live_free(emulator->live);
	faults_free(emulator->faults);
	rest_free(emulator->rest);
	secret_done(&emulator->secret);
	scenario_free(emulator->scenario);
	population_free(emulator->population);
	realms_free(emulator->realms);
	eventlog_free(emulator->eventlog);
	if (emulator->event_file)
		(void)fclose(emulator->event_file); /* it was flushed */
	loop_clock_done(&emulator->loop);
	if (emulator->on_term)
		event_free(emulator->on_term);
	if (emulator->on_int)
		event_free(emulator->on_int);
	if (emulator->base)
		event_base_free(emulator->base);
	free(emulator);
	return NULL;
}

static void
say_listener(const struct emulator *emulator, size_t i)
{
	const struct listener_options *listener =
	    &emulator->options->listeners[i];
	char text[ADDRESS_TEXT_MAX];

	address_format(&listener->address, emulator->ports[i], text);
	if (listener->role == ROLE_CONTROL)
		printf("control on http://%s" CONTROL_PREFIX "/\n", text);
	else if (listener->tls)
		printf("listening on https://%s %s\n", text,
		    tls_kind_to_string(listener->tls_kind));
	else
		printf("listening on http://%s\n", text);
}

int
emulator_run(struct emulator *emulator)
{
	const struct options *options = emulator->options;
	size_t i;
	int r;

	for (i = 0; i < options->n_listeners; i++)
		say_listener(emulator, i);
	if (!options->quiet && emulator->population)
		printf("population of %zu in %zu channels, seed %llu, "
		       "%u events per second\n",
		    options->population.n_people,
		    options->population.n_channels,
		    (unsigned long long)options->population.seed,
		    options->population.churn);
	if (emulator->max_connections < options->max_connections)
		printf("%zu connections at most, not %zu: the limit of open "
		       "files is in the way, see ulimit -Hn\n",
		    emulator->max_connections, options->max_connections);
	printf("ready\n");
	if (fflush(stdout) != 0)
		return fail("standard output", -errno);
	/* Together: however long the building took, the world begins now. */
	loop_clock_run(&emulator->loop);
	worldclock_set(&emulator->time, wallclock_usec());
	if (event_base_dispatch(emulator->base) < 0)
		return fail("the event loop", -EIO);
	r = eventlog_flush(emulator->eventlog);
	return r < 0 ? fail("the event log", r) : 0;
}
