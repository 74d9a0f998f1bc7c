/* SPDX-License-Identifier: MIT */
/*
 * Gzip: a body made smaller for those who accept it, two for those who should
 * be more careful, and one that came so.
 */
#pragma once

#include "base/blob.h"
#include "base/slice.h"

/* A new reference; NULL when there is no memory: send it as it is. */
struct blob *gzip_blob(struct slice bytes);
/* The same with a few of its bits turned. */
struct blob *gzip_corrupt(struct slice bytes);
/* What gzip or deflate made smaller, if it is n bytes at most; NULL when it is
 * more, not all there, or not theirs. */
struct blob *gunzip_blob(struct slice bytes, size_t n);
/* The bytes with white space behind the first of them until they are n, which
 * a reader has to take apart before it knows; made in pieces. */
struct blob *gzip_bomb(struct slice bytes, size_t n);
/* The same, not compressed. */
struct blob *stretch_blob(struct slice bytes, size_t n);
