/* SPDX-License-Identifier: MIT */
/*
 * Main: arguments to a config, a config to a daemon.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/macro.h"
#include "base/message.h"
#include "daemon/config.h"
#include "daemon/config_complaints.h"
#include "daemon/config_load.h"
#include "daemon/config_show.h"
#include "daemon/daemon.h"
#include "daemon/systemd.h"

static const char usage[] =
    "Usage: presenced [OPTION]...\n"
    "Ask a presence service once for all processes of this host, and answer them\n"
    "over a Unix socket. Stays in the foreground; SIGTERM ends it when everybody\n"
    "is answered, SIGHUP reloads the configuration.\n"
    "\n"
    "  -c, --config=FILE             read FILE and FILE.d/*.conf, instead of\n"
    "                                " CONFIG_FILE_DEFAULT "\n"
    "  -o, --option=SECTION.KEY=VALUE\n"
    "                                overrides the files; may be repeated\n"
    "      --check                   show what is in force and where it came from,\n"
    "                                or what is wrong, and exit\n"
    "  -h, --help                    show this and exit\n"
    "  -V, --version                 show the version and exit\n"
    "\n"
    "To try it in a terminal, without root:\n"
    "  presenced -o server.socket=/tmp/presenced.sock\n"
    "  presencectl -s /tmp/presenced.sock here-now lobby\n"
    "\n"
    "presenced.conf(5) has all sections and keys.\n";

enum verb {
	VERB_RUN,
	VERB_CHECK,
	VERB_SHOWN, /* help or version, and all is said */
	VERB_USAGE, /* a mistake, already told */
};

enum {
	OPTION_CHECK = 256,
};

/* To whoever starts us: to start again is of no use as long as nobody mends the
 * command line, or the configuration (EX_CONFIG of sysexits.h). */
enum {
	EXIT_USAGE = 2,
	EXIT_CONFIG = 78,
};

/* As many options as there are arguments at most; freed by main(). */
static enum verb
parse_arguments(int argc, char *argv[], struct config_request *request,
    const char **options)
{
	static const struct option known[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"option", required_argument, NULL, 'o'},
	    {"check", no_argument, NULL, OPTION_CHECK},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	enum verb verb = VERB_RUN;
	int c;

	while ((c = getopt_long(argc, argv, "c:o:hV", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			request->file = optarg;
			break;
		case 'o':
			options[request->n_options++] = optarg;
			break;
		case OPTION_CHECK:
			verb = VERB_CHECK;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			return VERB_SHOWN;
		case 'V':
			(void)puts(PACKAGE_STRING);
			return VERB_SHOWN;
		default: /* getopt has told what is wrong */
			(void)fputs("Try 'presenced --help'.\n", stderr);
			return VERB_USAGE;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr,
		    "presenced: unexpected argument '%s'\n"
		    "Try 'presenced --help'.\n",
		    argv[optind]);
		return VERB_USAGE;
	}
	request->options = options;
	return verb;
}

static int
write_out(const struct buffer *buffer, FILE *stream)
{
	if (buffer_is_failed(buffer))
		return -ENOMEM;
	if (fwrite(buffer->data, 1, buffer->n, stream) < buffer->n ||
	    fflush(stream) < 0)
		return -EIO;
	return 0;
}

/* As people at a terminal read it, or, where the journal would get that, as
 * it wants it; and systemctl status says it in a word. */
static void
tell_refused(const struct buffer *errors)
{
	if (!systemd_is_journal_stderr()) {
		(void)write_out(errors, stderr);
		return;
	}
	systemd_log_to_journal();
	config_complaints_log(errors, LOG_TEXT("configuration refused"),
	    LOG_ID(MESSAGE_CONFIG_REFUSED));
	systemd_notify_status("configuration refused, see the log");
}

static int
load(const struct config_request *request, struct config *config)
{
	_cleanup_(buffer_done) struct buffer errors = {0};
	int r = config_load(request, &errors, config);

	if (r < 0)
		(void)fprintf(stderr, "presenced: %s\n", strerror(-r));
	if (r == CONFIG_REFUSED)
		tell_refused(&errors);
	return r;
}

static int
check(const struct config_request *request)
{
	_cleanup_(config_done) struct config config = {0};
	_cleanup_(buffer_done) struct buffer shown = {0};

	if (load(request, &config) != CONFIG_LOADED)
		return EXIT_FAILURE;
	config_show(&config, &shown);
	return write_out(&shown, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* glibc's own first threshold, kept: it would grow with the first large body
 * that is freed, and from then on what is held lies between the bodies that came
 * and went, which keeps their memory from the kernel. */
#define LARGE_BLOCK_BYTES (128 * 1024)

static int
run(const struct config_request *request)
{
	_cleanup_(config_done) struct config config = {0};
	_cleanup_(daemon_freep) struct daemon *daemon = NULL;
	int r;

	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
	r = load(request, &config);
	if (r == CONFIG_REFUSED)
		return EXIT_CONFIG;
	if (r < 0 || daemon_new(request, &config, &daemon) < 0 ||
	    daemon_run(daemon) < 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

int
main(int argc, char *argv[])
{
	_cleanup_(freep) const char **options =
	    calloc((size_t)argc + 1, sizeof(*options));
	struct config_request request = {0};

	if (!options)
		return EXIT_FAILURE;
	switch (parse_arguments(argc, argv, &request, options)) {
	case VERB_RUN:
		return run(&request);
	case VERB_CHECK:
		return check(&request);
	case VERB_SHOWN:
		return EXIT_SUCCESS;
	case VERB_USAGE:
		return EXIT_USAGE;
	}
	return EXIT_FAILURE;
}
