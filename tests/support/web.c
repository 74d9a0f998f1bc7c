/* SPDX-License-Identifier: MIT */
#include "support/web.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct visitor {
	TAILQ_ENTRY(visitor) link;
	struct web *web;
	struct bufferevent *bev;
	bool is_last; /* close when all is sent */
};

TAILQ_HEAD(visitors, visitor);

struct web {
	struct event_base *base; /* borrowed; outlives us */
	struct evconnlistener *listener;
	SSL_CTX *tls; /* NULL: plain */
	X509 *certificate;
	web_fn fn;
	void *userdata;
	struct visitors visitors;
	unsigned port;
	unsigned n_open, max_open, n_accepted, n_requests;
};

static void
visitor_free(struct visitor *v)
{
	TAILQ_REMOVE(&v->web->visitors, v, link);
	v->web->n_open--;
	bufferevent_free(v->bev);
	free(v);
}

static void
reset(struct visitor *v)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(bufferevent_getfd(v->bev), SOL_SOCKET, SO_LINGER,
	    &linger, sizeof(linger));
	visitor_free(v);
}

/* One request's head off the input; NULL if it is not whole yet. */
static char *
take_head(struct evbuffer *input)
{
	struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
	char *head;
	size_t n;

	if (end.pos < 0)
		return NULL;
	n = (size_t)end.pos + 4;
	head = calloc(1, n + 1);
	assert(head);
	assert(evbuffer_remove(input, head, n) == (int)n);
	return head;
}

static void
on_read(struct bufferevent *bev, void *userdata)
{
	struct visitor *v = userdata;
	char *head;

	while ((head = take_head(bufferevent_get_input(bev)))) {
		_cleanup_(buffer_done) struct buffer answer = {0};
		enum web_then then;

		v->web->n_requests++;
		then = v->web->fn(head, &answer, v->web->userdata);
		free(head);
		if (then == WEB_RESET) {
			reset(v);
			return;
		}
		v->is_last = then == WEB_CLOSE;
		if (answer.n > 0)
			bufferevent_write(bev, answer.data, answer.n);
		else if (v->is_last) {
			visitor_free(v);
			return;
		}
	}
}

static void
on_written(struct bufferevent *bev _unused_, void *userdata)
{
	struct visitor *v = userdata;

	if (v->is_last)
		visitor_free(v);
}

static void
on_event(struct bufferevent *bev _unused_, short what, void *userdata)
{
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		visitor_free(userdata);
}

static void
on_accept(struct evconnlistener *listener _unused_, evutil_socket_t fd,
    struct sockaddr *address _unused_, int n _unused_, void *userdata)
{
	struct web *web = userdata;
	struct visitor *v = calloc(1, sizeof(*v));

	assert(v);
	v->web = web;
	v->bev = web->tls ?
	    bufferevent_openssl_socket_new(web->base, fd, SSL_new(web->tls),
		BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE) :
	    bufferevent_socket_new(web->base, fd, BEV_OPT_CLOSE_ON_FREE);
	assert(v->bev);
	TAILQ_INSERT_TAIL(&web->visitors, v, link);
	web->n_accepted++;
	if (++web->n_open > web->max_open)
		web->max_open = web->n_open;
	bufferevent_setcb(v->bev, on_read, on_written, on_event, v);
	bufferevent_enable(v->bev, EV_READ | EV_WRITE);
}

static EVP_PKEY *
make_key(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	assert(context && EVP_PKEY_keygen_init(context) > 0);
	assert(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(
		   context, NID_X9_62_prime256v1) > 0);
	assert(EVP_PKEY_keygen(context, &key) > 0);
	EVP_PKEY_CTX_free(context);
	return key;
}

static X509 *
make_certificate(EVP_PKEY *key, const char *name)
{
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	X509_EXTENSION *extension;
	char names[256];

	assert(X509_set_version(x, 2));
	assert(ASN1_INTEGER_set(X509_get_serialNumber(x), 1));
	assert(X509_gmtime_adj(X509_getm_notBefore(x), -3600));
	assert(X509_gmtime_adj(X509_getm_notAfter(x), 24L * 3600));
	assert(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0));
	assert(X509_set_issuer_name(x, subject));
	assert(X509_set_pubkey(x, key));
	(void)snprintf(names, sizeof(names), "%s:%s",
	    name[0] >= '0' && name[0] <= '9' ? "IP" : "DNS", name);
	extension =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	assert(extension && X509_add_ext(x, extension, -1));
	X509_EXTENSION_free(extension);
	assert(X509_sign(x, key, EVP_sha256()));
	return x;
}

static void
init_tls(struct web *web, const char *name)
{
	EVP_PKEY *key = make_key();

	web->certificate = make_certificate(key, name);
	web->tls = SSL_CTX_new(TLS_server_method());
	assert(web->tls);
	assert(SSL_CTX_use_certificate(web->tls, web->certificate) == 1);
	assert(SSL_CTX_use_PrivateKey(web->tls, key) == 1);
	EVP_PKEY_free(key);
}

struct web *
web_new(struct event_base *base, const char *certificate_name, web_fn fn,
    void *userdata)
{
	struct web *web = calloc(1, sizeof(*web));
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	socklen_t n = sizeof(address);

	assert(web);
	web->base = base;
	web->fn = fn;
	web->userdata = userdata;
	TAILQ_INIT(&web->visitors);
	if (certificate_name)
		init_tls(web, certificate_name);
	web->listener = evconnlistener_new_bind(base, on_accept, web,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16,
	    (struct sockaddr *)&address, (int)sizeof(address));
	assert(web->listener);
	assert(getsockname(evconnlistener_get_fd(web->listener),
		   (struct sockaddr *)&address, &n) == 0);
	web->port = ntohs(address.sin_port);
	return web;
}

struct web *
web_free(struct web *web)
{
	struct visitor *v;

	if (!web)
		return NULL;
	while ((v = TAILQ_FIRST(&web->visitors)))
		visitor_free(v);
	evconnlistener_free(web->listener);
	SSL_CTX_free(web->tls);
	X509_free(web->certificate);
	free(web);
	return NULL;
}

unsigned
web_port(const struct web *web)
{
	return web->port;
}

bool
web_write_certificate(const struct web *web, const char *path)
{
	FILE *file = fopen(path, "we");
	bool ok;

	if (!file)
		return false;
	ok = PEM_write_X509(file, web->certificate) == 1;
	return fclose(file) == 0 && ok;
}

unsigned
web_n_accepted(const struct web *web)
{
	return web->n_accepted;
}

unsigned
web_n_requests(const struct web *web)
{
	return web->n_requests;
}

unsigned
web_max_open(const struct web *web)
{
	return web->max_open;
}
