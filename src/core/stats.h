/* SPDX-License-Identifier: MIT */
/*
 * Stats: the table of counters. Each is declared once, with its kind and a
 * sentence of meaning, and everything that shows one comes from here: a number
 * that is not in this table does not exist.
 *
 * Ownership: the daemon owns the one struct stats; rooms borrow it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* X(name, kind, meaning); a gauge goes up and down, a counter only up. */
#define STATS_TABLE(X)                                                         \
	/* front */                                                            \
	X(clients, GAUGE, "clients connected now")                             \
	X(clients_accepted, COUNTER, "clients accepted")                       \
	X(clients_refused, COUNTER, "clients over max_clients")                \
	X(clients_refused_uid, COUNTER, "clients over max_clients_per_uid")    \
	X(clients_timed_out, COUNTER, "clients closed by client_timeout")      \
	X(clients_stuck, COUNTER, "clients closed by write_timeout")           \
	X(accept_paused, COUNTER,                                              \
	    "accepting paused: no descriptors or memory")                      \
	X(requests, COUNTER, "requests received, entries of batches counted")  \
	X(requests_failed, COUNTER, "requests answered with an error")         \
	X(requests_too_long, COUNTER, "lines over max_request_bytes")          \
	X(replies_too_large, COUNTER, "replies over max_reply_bytes")          \
	X(reads_paused, COUNTER,                                               \
	    "clients not read from: max_inflight or "                          \
	    "max_queued_bytes")                                                \
	X(permission_denied, COUNTER, "requests refused by [access]")          \
	X(bytes_in, COUNTER, "bytes read from clients")                        \
	X(bytes_out, COUNTER, "bytes written to clients")                      \
	/* core */                                                             \
	X(asks, COUNTER, "queries that reached the cache")                     \
	X(hits, COUNTER, "queries answered at once, fresh")                    \
	X(stale_hits, COUNTER,                                                 \
	    "queries answered at once, stale, while a "                        \
	    "refresh runs")                                                    \
	X(misses, COUNTER, "queries that waited for the upstream")             \
	X(collapsed, COUNTER, "queries that joined a request already begun")   \
	X(stale_on_error, COUNTER,                                             \
	    "queries answered stale because of a "                             \
	    "failure")                                                         \
	X(stale_on_deadline, COUNTER,                                          \
	    "queries answered stale because their "                            \
	    "time was over")                                                   \
	X(deadlines, COUNTER, "queries that ended with deadline_exceeded")     \
	X(errors_remembered, COUNTER, "queries told a remembered error")       \
	X(waiters, GAUGE, "queries waiting now")                               \
	X(waiters_refused, COUNTER, "queries over max_waiters")                \
	X(keys_waiting, GAUGE, "keys in the air or waited for now")            \
	X(keys_refused, COUNTER, "queries over max_keys_waiting")              \
	X(entries, GAUGE, "keys in the cache")                                 \
	X(bytes, GAUGE, "bytes in the cache, rendered answers counted")        \
	X(evictions, COUNTER, "entries evicted by max_bytes")                  \
	X(refreshes, COUNTER, "requests ahead of time, for hot keys")          \
	X(refreshes_withheld, COUNTER,                                         \
	    "refreshes put off to the next day: max_requests_per_day")         \
	X(keys_merged, COUNTER, "keys that travelled in another's request")    \
	X(keys_ahead, COUNTER, "of these, hot keys that were not due yet")     \
	X(paging_drift, COUNTER,                                               \
	    "lists accepted though their pages did not "                       \
	    "add up")                                                          \
	X(writes, COUNTER, "set_state requests received")                      \
	X(writes_unclear, COUNTER, "set_states of which the end is not known") \
	X(renders, COUNTER, "bodies rendered: once per revision that is read") \
	X(snapshots, COUNTER, "times the cache was saved")                     \
	X(snapshots_failed, COUNTER, "times it could not be saved")            \
	X(snapshots_refused, COUNTER,                                          \
	    "saved caches refused at the start: damaged, or not ours")         \
	X(snapshot_entries, COUNTER, "keys loaded from it at the start")       \
	/* following */                                                        \
	X(channels_followed, GAUGE, "channels followed now")                   \
	X(streams, GAUGE, "long polls held open now")                          \
	X(stream_handshakes, COUNTER, "subscribes for a cursor")               \
	X(stream_polls, COUNTER, "subscribes for events")                      \
	X(stream_breaks, COUNTER, "times a stream broke or hung")              \
	X(channels_unfollowed, GAUGE,                                          \
	    "channels polled for want of a stream: max_streams")               \
	X(events, COUNTER, "events received")                                  \
	X(events_applied, COUNTER, "events applied to what was held")          \
	X(events_noted, COUNTER, "events kept to correct answers by")          \
	X(events_disagreed, COUNTER,                                           \
	    "events that told another count, or not who")                      \
	X(events_doubled, COUNTER, "events that were known already")           \
	X(events_outranked, COUNTER,                                           \
	    "states told that our own write goes before")                      \
	X(doubts, COUNTER, "times a followed channel was polled for a doubt")  \
	X(drift_in, COUNTER, "people held who had gone, untold by events")     \
	X(drift_out, COUNTER, "people there who were not held, likewise")      \
	X(drift_late, COUNTER, "of either, told after an answer had")          \
	/* upstream */                                                         \
	X(upstream_requests, COUNTER, "requests sent, pages counted")          \
	X(upstream_pages, COUNTER, "requests for a second or later page")      \
	X(upstream_failures, COUNTER, "requests that failed")                  \
	X(upstream_halved, COUNTER,                                            \
	    "requests that failed and were asked again in halves")             \
	X(upstream_narrowed, COUNTER,                                          \
	    "requests asked again without what a refusal named")               \
	X(credentials_condemned, COUNTER,                                      \
	    "times the credential was refused, and its file had no other")     \
	X(upstream_in_flight, GAUGE, "requests in the air now")                \
	X(upstream_bytes_in, COUNTER, "bytes of bodies received")              \
	X(origin_troubles, COUNTER, "times the origin fell into trouble")      \
	X(budget_waits, COUNTER,                                               \
	    "times a due request had to wait for the "                         \
	    "budget")

#define STATS_ENUM(name, kind, meaning) STAT_##name,

enum counter {
	STATS_TABLE(STATS_ENUM) N_STATS
};

enum stat_kind {
	STAT_KIND_COUNTER,
	STAT_KIND_GAUGE,
};

struct stat_info {
	const char *name;
	enum stat_kind kind;
	const char *meaning;
};

struct stats {
	int64_t values[N_STATS];
};

const struct stat_info *stat_get_info(enum counter stat);

static inline void
stats_add(struct stats *stats, enum counter stat, int64_t n)
{
	stats->values[stat] += n;
}

static inline void
stats_count(struct stats *stats, enum counter stat)
{
	stats_add(stats, stat, 1);
}

static inline void
stats_set(struct stats *stats, enum counter stat, int64_t value)
{
	stats->values[stat] = value;
}
