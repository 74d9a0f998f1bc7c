/* SPDX-License-Identifier: MIT */
/*
 * presencectl: one question to the daemon, from a shell. This file is the way
 * from the command line to the exit code; what there is to ask stands in
 * command.c, how it is asked in arguments.c and request.c, how it is answered
 * in text.c.
 *
 * The law: standard output holds a result or nothing.
 */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/macro.h"
#include "cli/arguments.h"
#include "cli/complaint.h"
#include "cli/output.h"
#include "cli/protocol.h"
#include "cli/request.h"
#include "cli/visible.h"
#include "lib/presence.h"

enum exit_code {
	EXIT_DONE,
	EXIT_REFUSED, /* by the daemon; or the result could not be shown */
	EXIT_USAGE,
	EXIT_NO_DAEMON,
};

static inline void
cleanup_presence(struct presence **presence)
{
	*presence = presence_close(*presence);
}

static inline void
cleanup_reply(struct presence_reply **reply)
{
	*reply = presence_reply_free(*reply);
}

static int64_t
now_usec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail on Linux */
	return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

static int
show(const struct arguments *arguments, struct presence_reply *reply,
    int64_t took_usec)
{
	struct output output = {
	    .ops = arguments->wants_json ? &json_ops : &text_ops,
	    .file = stdout,
	    .look = look_of(stdout),
	};
	struct result result = {
	    .shape = arguments->command->shape,
	    .took_usec = took_usec,
	};
	int r;

	result.json.data = presence_reply_result(reply, &result.json.n);
	r = output_show(&output, &result);
	if (r == 0)
		r = output_finish(&output);
	return r;
}

/* What came of a call, to the exit code. */
static int
take_reply(const struct arguments *arguments, struct presence *presence,
    struct presence_reply *reply, int64_t took_usec, const struct look *look)
{
	bool is_refusal = presence_reply_is_error(reply);
	int64_t major;
	int r = 0;

	if (!is_refusal)
		r = show(arguments, reply, took_usec);
	if (!is_refusal && r == 0)
		return EXIT_DONE;
	if ((r == -EBADMSG || (is_refusal && protocol_is_suspect(reply))) &&
	    protocol_is_other(presence, &major)) {
		complain_of_protocol(
		    stderr, look, presence_path(presence), major);
		return EXIT_NO_DAEMON;
	}
	if (is_refusal)
		complain_of_refusal(stderr, look, reply);
	else if (r == -EBADMSG)
		complain_of_failure(stderr, look,
		    "the daemon's result is not what this presencectl knows; "
		    "--json shows it as it is",
		    r);
	else
		complain_of_failure(stderr, look, "cannot show the result", r);
	return EXIT_REFUSED;
}

static int
call(const struct arguments *arguments, const struct request *request,
    struct presence *presence, const struct look *look)
{
	_cleanup_(cleanup_reply) struct presence_reply *reply = NULL;
	const char *method = arguments->command->method;
	int64_t begun_usec;
	int r;

	r = presence_connect(presence, request->wait_usec);
	if (r < 0) {
		complain_of_no_daemon(stderr, look, presence_path(presence), r);
		return EXIT_NO_DAEMON;
	}
	begun_usec = now_usec();
	r = presence_call(
	    presence, method, request->params.data, request->wait_usec, &reply);
	if (r == 0)
		r = -presence_reply_error_number(reply);
	if (r == -ENOMEM) {
		complain_of_failure(stderr, look, "cannot ask", r);
		return EXIT_REFUSED;
	}
	if (r < 0) {
		complain_of_silence(
		    stderr, look, presence_path(presence), method, r);
		return EXIT_NO_DAEMON;
	}
	return take_reply(
	    arguments, presence, reply, now_usec() - begun_usec, look);
}

static int
ask(const struct arguments *arguments, const struct look *look)
{
	_cleanup_(request_done) struct request request = {0};
	_cleanup_(cleanup_presence) struct presence *presence = NULL;
	int r;

	r = request_init(&request, arguments);
	if (r == REQUEST_WRONG)
		return EXIT_USAGE;
	if (r == REQUEST_CALL)
		r = presence_open(arguments->socket, NULL, &presence);
	if (r < 0) {
		complain_of_failure(stderr, look,
		    r == -ENOMEM ? "cannot begin" : "the socket's path", r);
		return r == -ENOMEM ? EXIT_REFUSED : EXIT_USAGE;
	}
	return call(arguments, &request, presence, look);
}

static int
finish_stdout(const struct look *look)
{
	if (fflush(stdout) != EOF)
		return EXIT_DONE;
	complain_of_failure(stderr, look, "cannot write", -errno);
	return EXIT_REFUSED;
}

static int
run(const struct arguments *arguments, const struct look *look)
{
	if (arguments->wants_version)
		puts("presencectl " PACKAGE_VERSION);
	else if (arguments->wants_help && arguments->command)
		command_print_help(arguments->command, stdout);
	else if (arguments->wants_help)
		command_print_overview(stdout);
	else
		return ask(arguments, look);
	return finish_stdout(look);
}

int
main(int argc, char *argv[])
{
	_cleanup_(arguments_done) struct arguments arguments = {0};
	struct look look = look_of(stderr);
	int r;

	visible_start();
	r = arguments_parse(argc, argv, &arguments);
	if (r < 0) {
		complain_of_failure(stderr, &look, "cannot begin", r);
		return EXIT_REFUSED;
	}
	if (r == ARGUMENTS_WRONG)
		return EXIT_USAGE;
	return run(&arguments, &look);
}
