/* SPDX-License-Identifier: MIT */
/*
 * Follower: what the core asks of whoever brings events. An interface; the core
 * pushes nothing but a nudge, the follower pulls with query_each_wanted().
 *
 * Callbacks: as of core/upstream: they only record and arm, and never call back
 *            into the core.
 */
#pragma once

struct follower_ops {
	/* What is to be followed is another now: pull when convenient. */
	void (*changed)(void *userdata);
	/* An answer found what that line's events should have told. */
	void (*drifted)(void *userdata, const void *line);
};

struct follower {
	const struct follower_ops *ops;
	void *userdata;
};
