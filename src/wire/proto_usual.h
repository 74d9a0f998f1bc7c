/* SPDX-License-Identifier: MIT */
/*
 * Proto, the usual request: here_now of some channels, and nothing else said,
 * written as most programs write it. It is most of what a daemon hears, and is
 * read for a tenth of what a JSON text costs.
 *
 * Law: what is read here is read as wire/proto would read it; of any other line
 *      nothing is said, not even that it is wrong.
 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "wire/names.h"
#include "wire/proto_request.h"

/* Borrows from the line and from names; false: it is not the usual one, and
 * nothing was read. */
bool proto_usual_read(
    struct slice line, struct names *names, struct proto_request *ret);
