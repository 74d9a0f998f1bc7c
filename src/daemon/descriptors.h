/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: how many this process may have, against how many clients it is
 * meant to serve.
 */
#pragma once

#include <stddef.h>

/* Beside the clients': the loop's, the socket, the log, the upstream's
 * connections and their name lookups, the files of a reload. */
#define DESCRIPTORS_RESERVE 256

/* Raises the soft limit (and the hard one, where that is allowed) for so many
 * clients. Returns for how many there is room: at most as many, at least 1. */
size_t descriptors_raise(size_t max_clients);
