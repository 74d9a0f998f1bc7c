/* SPDX-License-Identifier: MIT */
/*
 * Upstream: what the core asks of whoever fetches answers. An interface; the
 * core pushes nothing but a nudge, the upstream pulls with query_take().
 *
 * Callbacks: wake() may be called from anywhere inside the core, many times;
 *            it only records and arms, and never calls back into the core.
 */
#pragma once

struct upstream_ops {
	/* Something is due, or the gate has opened: pull when convenient. */
	void (*wake)(void *userdata);
};

struct upstream {
	const struct upstream_ops *ops;
	void *userdata;
};
