/* SPDX-License-Identifier: MIT */
/*
 * Overview: results that are about the daemon itself: its facts and counters,
 * what it holds and why, and what administration changed.
 *
 * Ownership: the page is the caller's.
 * Errors:    -EBADMSG: the result is not what the protocol says; -ENOMEM.
 */
#pragma once

#include <stdint.h>

#include "cli/page.h"

int overview_show_facts(struct page *page);
int overview_show_counters(struct page *page);
int overview_show_channels(struct page *page);
int overview_show_explanation(struct page *page);
int overview_show_flushed(struct page *page);
int overview_show_reloaded(struct page *page);
int overview_show_log_level(struct page *page);
int overview_show_pong(struct page *page, int64_t took_usec);
