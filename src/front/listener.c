/* SPDX-License-Identifier: MIT */
/*
 * Listener: see the header.
 *
 * Law: a client is counted from before the callback is told of it until
 *      listener_client_gone(); one that is refused is never counted.
 */
#include "front/listener.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/flood.h"
#include "base/map.h"

/* A crowd that connects at once must not keep the loop from those who are
 * already in; what is left is accepted in the next turn. */
#define MAX_ACCEPTS_PER_TURN 64

/* Without descriptors accept() fails at once and the socket stays readable:
 * going on would turn the loop into a furnace. A second is tmux's measure. */
#define PAUSE_USEC USEC_PER_SEC

/* Of what a refused client had sent: read, because closing over unread bytes
 * reaches it as a reset. Most have sent one request. */
#define MAX_DRAIN_BYTES 4096

struct user {
	struct map_node node; /* under uid */
	uid_t uid;
	size_t n_clients;
};

struct listener {
	struct listener_env env; /* what it points to is borrowed */
	accepted_fn fn;
	void *userdata;
	struct sockfile file;
	struct event *event; /* NULL: not accepting, for good or not yet */
	struct timer timer;  /* runs while accepting is paused */
	struct map users;    /* who has at least one client */
	size_t n_clients;
	struct flood shortages, full, full_uid, lost;
};

static struct slice
key_of(const uid_t *uid)
{
	return (struct slice){(const char *)uid, sizeof(*uid)};
}

static struct user *
find_user(const struct listener *listener, uid_t uid)
{
	struct map_node *node = map_find(&listener->users, key_of(&uid));

	return node ? container_of(node, struct user, node) : NULL;
}

static int
count_client(struct listener *listener, uid_t uid)
{
	struct user *user = find_user(listener, uid);
	int r;

	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return -ENOMEM;
		user->uid = uid;
		r = map_put(&listener->users, &user->node, key_of(&user->uid));
		if (r < 0) {
			free(user);
			return r;
		}
	}
	user->n_clients++;
	listener->n_clients++;
	stats_set(
	    listener->env.stats, STAT_clients, (int64_t)listener->n_clients);
	return 0;
}

static void
uncount_client(struct listener *listener, uid_t uid)
{
	struct user *user = find_user(listener, uid);

	assert(user && listener->n_clients > 0);
	listener->n_clients--;
	stats_set(
	    listener->env.stats, STAT_clients, (int64_t)listener->n_clients);
	if (--user->n_clients > 0)
		return;
	map_remove(&listener->users, &user->node);
	free(user);
}

/* One line, as far as it fits: it always does into a fresh socket. */
static void
refuse(int fd, struct slice line)
{
	char drained[MAX_DRAIN_BYTES];

	(void)send(fd, line.data, line.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)recv(fd, drained, sizeof(drained), MSG_DONTWAIT);
	(void)close(fd);
}

static bool
is_within_caps(struct listener *listener, int fd, const struct credentials *who)
{
	const struct listener_limits *limits = listener->env.limits;
	const struct user *user = find_user(listener, who->uid);

	if (listener->n_clients >= limits->max_clients) {
		stats_count(listener->env.stats, STAT_clients_refused);
		flood_log(&listener->full,
		    LOG_INT("max_clients", limits->max_clients),
		    LOG_INT("uid", who->uid), LOG_INT("pid", who->pid));
		refuse(fd, listener->env.line_full);
		return false;
	}
	if ((user ? user->n_clients : 0) >= limits->max_clients_per_uid) {
		stats_count(listener->env.stats, STAT_clients_refused_uid);
		flood_log(&listener->full_uid,
		    LOG_INT("max_clients_per_uid", limits->max_clients_per_uid),
		    LOG_INT("uid", who->uid), LOG_INT("pid", who->pid));
		refuse(fd, listener->env.line_full_uid);
		return false;
	}
	return true;
}

static void
lose(struct listener *listener, int fd, int r)
{
	flood_log(&listener->lost, LOG_ERRNO(r));
	(void)close(fd);
}

/* Takes fd. A client we have no memory for is gone before it was here. */
static void
admit(struct listener *listener, int fd)
{
	struct credentials credentials = {0};
	int r = credentials_read(fd, &credentials);

	if (r < 0) {
		lose(listener, fd, r);
		return;
	}
	if (is_within_caps(listener, fd, &credentials)) {
		r = count_client(listener, credentials.uid);
		if (r < 0) {
			lose(listener, fd, r);
		} else {
			stats_count(listener->env.stats, STAT_clients_accepted);
			listener->fn(fd, &credentials, listener->userdata);
		}
	}
	credentials_done(&credentials);
}

static void
pause_accepting(struct listener *listener, int error)
{
	struct clock *clock = listener->env.clock;

	flood_log(&listener->shortages, LOG_INT("clients", listener->n_clients),
	    LOG_ERRNO(error));
	/* Without a timer it would never go on: better a hot second. */
	if (timer_start(
		clock, &listener->timer, clock_now(clock) + PAUSE_USEC) < 0)
		return;
	if (event_del(listener->event) < 0)
		timer_stop(clock, &listener->timer);
	else
		stats_count(listener->env.stats, STAT_accept_paused);
}

/* If the loop has no memory for it either, a second later again. */
static void
resume_accepting(struct listener *listener)
{
	struct clock *clock = listener->env.clock;

	timer_stop(clock, &listener->timer);
	if (event_add(listener->event, NULL) < 0)
		(void)timer_start(
		    clock, &listener->timer, clock_now(clock) + PAUSE_USEC);
}

static void
on_pause_over(void *userdata)
{
	resume_accepting(userdata);
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS;
}

static void
on_acceptable(evutil_socket_t listening, short what, void *userdata)
{
	struct listener *listener = userdata;
	int fd;

	(void)what;
	for (int i = 0; i < MAX_ACCEPTS_PER_TURN && listener->event; i++) {
		fd = accept4(
		    listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			admit(listener, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (is_shortage(errno))
			pause_accepting(listener, errno);
		return;
	}
}

static void
init_floods(struct listener *listener)
{
	struct clock *clock = listener->env.clock;

	flood_init(&listener->shortages, clock, LOG_LEVEL_ERROR,
	    "no descriptor or memory for a client, nobody is accepted "
	    "for a second");
	flood_init(&listener->full, clock, LOG_LEVEL_WARNING,
	    "client refused: max_clients are here");
	flood_init(&listener->full_uid, clock, LOG_LEVEL_WARNING,
	    "client refused: max_clients_per_uid of its user are here");
	flood_init(&listener->lost, clock, LOG_LEVEL_ERROR,
	    "client dropped: nothing is known of it");
}

int
listener_new(const struct listener_env *env, accepted_fn fn, void *userdata,
    struct listener **ret)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return -ENOMEM;
	listener->env = *env;
	listener->fn = fn;
	listener->userdata = userdata;
	timer_init(&listener->timer, on_pause_over, listener);
	map_init(&listener->users);
	init_floods(listener);
	*ret = listener;
	return 0;
}

struct listener *
listener_free(struct listener *listener)
{
	if (!listener)
		return NULL;
	assert(listener->n_clients == 0);
	listener_stop(listener);
	map_done(&listener->users);
	free(listener);
	return NULL;
}

static int
start(struct listener *listener)
{
	listener->event = event_new(listener->env.base, listener->file.fd,
	    EV_READ | EV_PERSIST, on_acceptable, listener);
	if (!listener->event || event_add(listener->event, NULL) < 0) {
		listener_stop(listener);
		return -ENOMEM;
	}
	return SOCKFILE_OK;
}

int
listener_bind(struct listener *listener, const struct sockfile_terms *terms)
{
	int r;

	assert(!listener->file.is_open);
	r = sockfile_bind(terms, &listener->file);
	return r == SOCKFILE_OK ? start(listener) : r;
}

int
listener_adopt(struct listener *listener, int fd)
{
	int r;

	assert(!listener->file.is_open);
	r = sockfile_adopt(fd, &listener->file);
	return r == SOCKFILE_OK ? start(listener) : r;
}

void
listener_stop(struct listener *listener)
{
	timer_stop(listener->env.clock, &listener->timer);
	if (listener->event)
		event_free(listener->event);
	listener->event = NULL;
	flood_done(&listener->shortages);
	flood_done(&listener->full);
	flood_done(&listener->full_uid);
	flood_done(&listener->lost);
	sockfile_done(&listener->file);
}

void
listener_client_gone(struct listener *listener, uid_t uid)
{
	uncount_client(listener, uid);
	if (listener->timer.running)
		resume_accepting(listener);
}

size_t
listener_n_clients(const struct listener *listener)
{
	return listener->n_clients;
}
