/* SPDX-License-Identifier: MIT */
/*
 * Options: the command line as what it means. presence-emulator(1) is its
 * reference.
 *
 * Ownership: options own their lists; texts lie in argv. options_done() frees.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "emulator/address.h"
#include "emulator/live.h"
#include "emulator/look.h"
#include "emulator/population.h"
#include "emulator/route.h"
#include "emulator/tls.h"

#define LISTENERS_MAX 32

enum listener_role {
	ROLE_SERVICE, /* the service, and the control API where it has no other */
	ROLE_CONTROL,
};

struct listener_options {
	struct address address;
	enum listener_role role;
	bool tls;
	enum tls_kind tls_kind;
};

struct options {
	struct listener_options listeners[LISTENERS_MAX];
	size_t n_listeners;
	bool has_control; /* a listener of its own, so the others have none */
	bool allow_remote;
	bool quiet;
	bool verbose;
	const char *ca_file; /* NULL: none is written */
	enum look look;
	int64_t answer_cache_usec;
	bool hides_age;
	struct names keys;           /* subscribe keys; none: any is taken */
	struct names faults;         /* as JSON */
	bool access;                 /* Access Manager is on */
	struct names grants;         /* as JSON */
	const char *secret_key_file; /* NULL: no signature is looked at */
	const char *publish_key;     /* that signatures are made with */
	struct population_terms population;
	struct live_terms live;
	size_t history;        /* items kept of a channel */
	size_t history_total;  /* and of all */
	const char *scenario;  /* a file; NULL: none */
	const char *event_log; /* the same, to be written */
	size_t max_events;
	unsigned speed;
	size_t max_connections;
	size_t max_records;
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* --help or --version: it is said */
	OPTIONS_WRONG, /* and stderr was told why */
};

enum options_result options_parse(int argc, char **argv, struct options *ret);
void options_done(struct options *options);
/* The key that is meant where none is named. */
struct slice options_key(const struct options *options);
