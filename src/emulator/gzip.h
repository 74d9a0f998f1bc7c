/* SPDX-License-Identifier: MIT */
/*
 * Gzip: a body made smaller for those who accept it.
 */
#pragma once

#include "base/blob.h"
#include "base/slice.h"

/* A new reference; NULL when there is no memory: send it as it is. */
struct blob *gzip_blob(struct slice bytes);
