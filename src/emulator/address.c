/* SPDX-License-Identifier: MIT */
/*
 * Numbers only, so nothing here can wait for a resolver.
 */
#include "emulator/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "emulator/params.h"

static bool
parse_port(struct slice text, in_port_t *ret)
{
	int64_t port;

	if (!parse_int(text, &port) || port < 0 || port > 65535)
		return false;
	*ret = htons((uint16_t)port);
	return true;
}

static bool
parse_v6(const char *host, in_port_t port, struct address *ret)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = port};

	if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
		return false;
	ret->sockaddr.in6 = in6;
	ret->n = sizeof(in6);
	return true;
}

static bool
parse_v4(const char *host, in_port_t port, struct address *ret)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port};

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		return false;
	ret->sockaddr.in = in;
	ret->n = sizeof(in);
	return true;
}

bool
address_parse(struct slice text, struct address *ret)
{
	const char *colon = memrchr(text.data, ':', text.n);
	char host[ADDRESS_TEXT_MAX];
	in_port_t port;
	size_t n;

	if (!colon)
		return false;
	n = (size_t)(colon - text.data);
	if (n == 0 || n >= sizeof(host) ||
	    !parse_port((struct slice){colon + 1, text.n - n - 1}, &port))
		return false;
	if (text.data[0] == '[' && text.data[n - 1] == ']') {
		memcpy(host, text.data + 1, n - 2);
		host[n - 2] = '\0';
		return parse_v6(host, port, ret);
	}
	memcpy(host, text.data, n);
	host[n] = '\0';
	return parse_v4(host, port, ret);
}

bool
address_is_loopback(const struct address *address)
{
	if (address->sockaddr.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&address->sockaddr.in6.sin6_addr);
	return ntohl(address->sockaddr.in.sin_addr.s_addr) >> 24 == 127;
}

void
address_format_host(
    const struct address *address, char dst[static ADDRESS_TEXT_MAX])
{
	const void *bytes = address->sockaddr.any.sa_family == AF_INET6 ?
	    (const void *)&address->sockaddr.in6.sin6_addr :
	    (const void *)&address->sockaddr.in.sin_addr;

	if (!inet_ntop(
		address->sockaddr.any.sa_family, bytes, dst, ADDRESS_TEXT_MAX))
		dst[0] = '\0';
}

void
address_format(const struct address *address, unsigned port,
    char dst[static ADDRESS_TEXT_MAX])
{
	bool v6 = address->sockaddr.any.sa_family == AF_INET6;
	char host[ADDRESS_TEXT_MAX];

	address_format_host(address, host);
	snprintf(dst, ADDRESS_TEXT_MAX, "%s%.46s%s:%u", v6 ? "[" : "", host,
	    v6 ? "]" : "", port);
}
