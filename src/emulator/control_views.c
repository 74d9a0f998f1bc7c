/* SPDX-License-Identifier: MIT */
/*
 * What can be read: the request log, the counters, the truth.
 */
#include <errno.h>

#include "emulator/control_parts.h"

static void
add_string(struct buffer *out, const char *name, struct slice text)
{
	buffer_add_format(out, ",\"%s\":", name);
	look_string(LOOK_2025, out, text);
}

static void
show_record(const struct record *record, struct buffer *out)
{
	buffer_add_format(
	    out, "{\"seq\":%llu,\"at\":", (unsigned long long)record->seq);
	buffer_add_seconds(out, record->at_usec);
	add_string(out, "op", slice_of(op_to_string(record->op)));
	add_string(out, "method", record->method);
	add_string(out, "path", record->path);
	add_string(out, "query", record->query);
	if (record->status > 0)
		buffer_add_format(out, ",\"status\":%d", record->status);
	else
		buffer_add_text(out, ",\"status\":null");
	buffer_add_text(out, ",\"took\":");
	if (record->took_usec >= 0)
		buffer_add_seconds(out, record->took_usec);
	else
		buffer_add_text(out, "null");
	buffer_add_format(out, ",\"bytes\":%zu", record->n_body);
	if (record->fault)
		add_string(out, "fault", slice_of(record->fault));
	buffer_add_char(out, '}');
}

int
control_show_requests(const struct control *control,
    const struct params *params, struct buffer *out, const char **ret_reason)
{
	const struct record *record;
	struct slice name = params_get(params, "op");
	enum op op = OP_UNKNOWN;
	int64_t since = 0;
	bool first = true;

	if (params_int(params, "since", &since) == NUMBER_REFUSED ||
	    since < 0 || (name.n > 0 && !op_parse(name, &op))) {
		*ret_reason = "wanted: since=NUMBER, op=NAME, or neither";
		return -EINVAL;
	}
	buffer_add_format(out, "{\"last\":%llu,\"requests\":[",
	    (unsigned long long)journal_last_seq(control->journal));
	for (record = journal_after(control->journal, (uint64_t)since); record;
	     record = journal_after(control->journal, record->seq)) {
		if (name.n > 0 && record->op != op)
			continue;
		if (!first)
			buffer_add_char(out, ',');
		first = false;
		show_record(record, out);
	}
	buffer_add_text(out, "]}");
	return 0;
}

int
control_show_events(const struct control *control, const struct params *params,
    struct buffer *out, const char **ret_reason)
{
	const struct eventlog *log = control->eventlog;
	struct eventlog_line line;
	int64_t since = 0, limit = INT64_MAX, n;

	if (params_int(params, "since", &since) == NUMBER_REFUSED ||
	    params_int(params, "limit", &limit) == NUMBER_REFUSED ||
	    since < 0 || limit < 0) {
		*ret_reason = "wanted: since=NUMBER, limit=NUMBER, or neither";
		return -EINVAL;
	}
	buffer_add_format(out, "{\"last\":%llu,\"events\":[",
	    (unsigned long long)eventlog_last_seq(log));
	line.seq = (uint64_t)since;
	for (n = 0; n < limit && eventlog_after(log, line.seq, &line); n++) {
		if (n > 0)
			buffer_add_char(out, ',');
		buffer_add_slice(out, line.text);
	}
	buffer_add_text(out, "]}");
	return 0;
}

void
control_show_scenario(const struct control *control, struct buffer *out)
{
	struct scenario_progress progress = {0};

	if (control->scenario)
		progress = scenario_progress(control->scenario);
	buffer_add_format(out, "{\"lines\":%zu,\"done\":%zu,\"failed\":%zu,",
	    progress.n_lines, progress.n_done, progress.n_failed);
	buffer_add_text(out, "\"ends_at\":");
	buffer_add_seconds(out, progress.end_usec);
	buffer_add_char(out, '}');
}

static void
show_ops(const struct journal_counters *counters, struct buffer *out)
{
	unsigned i;

	for (i = 0; i < OPS; i++)
		buffer_add_format(out, "%s\"%s\":%llu", i > 0 ? "," : "",
		    op_to_string((enum op)i),
		    (unsigned long long)counters->n_by_op[i]);
}

static void
show_statuses(const struct journal_counters *counters, struct buffer *out)
{
	bool first = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters->n_by_status); i++) {
		if (counters->n_by_status[i] == 0)
			continue;
		buffer_add_format(out, "%s\"%zu\":%llu", first ? "" : ",", i,
		    (unsigned long long)counters->n_by_status[i]);
		first = false;
	}
}

static size_t
count_occupants(const struct realms *realms)
{
	const struct realm *realm = NULL;
	size_t n = 0;

	while ((realm = realms_next(realms, realm)))
		n += world_n_occupants(realm->world);
	return n;
}

static void
show_world(const struct realms *realms, struct buffer *out)
{
	buffer_add_format(out,
	    "{\"occupants\":%zu,\"joins\":%llu,\"leaves\":%llu,"
	    "\"timeouts\":%llu,\"state_changes\":%llu}",
	    count_occupants(realms),
	    (unsigned long long)realms_n_events(realms, WORLD_JOIN),
	    (unsigned long long)realms_n_events(realms, WORLD_LEAVE),
	    (unsigned long long)realms_n_events(realms, WORLD_TIMEOUT),
	    (unsigned long long)realms_n_events(realms, WORLD_STATE_CHANGE));
}

static size_t
count_polls(const struct realms *realms)
{
	const struct realm *realm = NULL;
	size_t n = 0;

	while ((realm = realms_next(realms, realm)))
		n += hub_n_polls(realm->hub);
	return n;
}

static void
show_live(const struct control *control, struct buffer *out)
{
	const struct backlog *backlog = realms_backlog(control->realms);
	const struct announce_counters announced =
	    announce_counters(control->live->announce);

	buffer_add_format(out,
	    "{\"held\":%zu,\"items\":%zu,\"dropped\":%llu,\"untold\":%llu,"
	    "\"crowds\":%zu,\"intervals\":%llu,\"refreshes\":%llu}",
	    count_polls(control->realms), backlog->n_items,
	    (unsigned long long)backlog->n_dropped,
	    (unsigned long long)teller_n_untold(control->live->teller),
	    announced.n_crowds, (unsigned long long)announced.n_intervals,
	    (unsigned long long)announced.n_refreshes);
}

void
control_show_counters(const struct control *control, struct buffer *out)
{
	const struct journal_counters *counters =
	    journal_counters(control->journal);

	buffer_add_format(out,
	    "{\"total\":%llu,\"in_flight\":%zu,\"max_in_flight\":%zu,"
	    "\"unanswered\":%llu,\"bytes\":%llu,\"by_op\":{",
	    (unsigned long long)counters->n_total, counters->n_in_flight,
	    counters->max_in_flight, (unsigned long long)counters->n_gone,
	    (unsigned long long)counters->n_bytes);
	show_ops(counters, out);
	buffer_add_text(out, "},\"by_status\":{");
	show_statuses(counters, out);
	buffer_add_text(out, "},\"world\":");
	show_world(control->realms, out);
	buffer_add_text(out, ",\"live\":");
	show_live(control, out);
	buffer_add_char(out, '}');
}

static void
show_occupant(const struct control *control, const struct occupant *occupant,
    struct buffer *out)
{
	buffer_add_text(out, "{\"uuid\":");
	look_string(LOOK_2025, out, occupant->uuid);
	buffer_add_text(out, ",\"state\":");
	buffer_add_slice(
	    out, occupant->state.data ? occupant->state : SLICE("null"));
	buffer_add_text(out, ",\"expires_in\":");
	if (occupant->until_usec == USEC_INFINITY)
		buffer_add_text(out, "null");
	else
		buffer_add_seconds(
		    out, occupant->until_usec - clock_now(control->clock));
	buffer_add_char(out, '}');
}

static void
show_channel(const struct control *control, const struct channel *channel,
    bool with_occupants, struct buffer *out)
{
	size_t i, n = channel_occupancy(channel);

	look_string(LOOK_2025, out, channel_name(channel));
	buffer_add_format(out, ":{\"occupancy\":%zu", n);
	if (with_occupants) {
		buffer_add_text(out, ",\"occupants\":[");
		for (i = 0; i < n; i++) {
			struct occupant occupant = channel_occupant(channel, i);

			if (i > 0)
				buffer_add_char(out, ',');
			show_occupant(control, &occupant, out);
		}
		buffer_add_char(out, ']');
	}
	buffer_add_char(out, '}');
}

static void
show_channels(const struct control *control, const struct world *world,
    const struct params *params, struct buffer *out)
{
	struct slice only = params_get(params, "channel");
	bool with_occupants = !params_is_on(params, "counts");
	const struct channel *channel = NULL;
	bool first = true;

	while ((channel = world_next_channel(world, channel))) {
		if (channel_occupancy(channel) == 0 ||
		    (only.n > 0 && !slice_is(only, channel_name(channel))))
			continue;
		if (!first)
			buffer_add_char(out, ',');
		first = false;
		show_channel(control, channel, with_occupants, out);
	}
}

static void
show_groups(const struct registry *registry, struct buffer *out)
{
	const struct group *group = NULL;
	bool first = true;
	size_t i;

	while ((group = registry_next(registry, group))) {
		if (!first)
			buffer_add_char(out, ',');
		first = false;
		look_string(LOOK_2025, out, group_name(group));
		buffer_add_text(out, ":[");
		for (i = 0; i < group_n_channels(group); i++) {
			if (i > 0)
				buffer_add_char(out, ',');
			look_string(LOOK_2025, out, group_channel(group, i));
		}
		buffer_add_char(out, ']');
	}
}

void
control_show_truth(const struct control *control, const struct params *params,
    struct buffer *out)
{
	struct slice key = params_get(params, "subscribe_key");
	const struct realm *realm;

	if (key.n == 0)
		key = control->subscribe_key;
	realm = realms_find(control->realms, key);
	buffer_add_text(out, "{\"subscribe_key\":");
	look_string(LOOK_2025, out, key);
	buffer_add_text(out, ",\"channels\":{");
	if (realm)
		show_channels(control, realm->world, params, out);
	buffer_add_text(out, "},\"groups\":{");
	if (realm)
		show_groups(realm->registry, out);
	buffer_add_text(out, "}}");
}
