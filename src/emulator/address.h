/* SPDX-License-Identifier: MIT */
/*
 * Addresses: "HOST:PORT" to where one can listen, and back. No name is ever
 * looked up: "localhost" is 127.0.0.1.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/slice.h"

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} sockaddr;

	socklen_t n;
};

/* "127.0.0.1:0", "[::1]:8080", "localhost:80"; port 0 is any free one. */
bool address_parse(struct slice text, struct address *ret);
bool address_is_loopback(const struct address *address);

#define ADDRESS_TEXT_MAX 80

/* With this port; IPv6 in brackets, as in a URL. */
void address_format(const struct address *address, unsigned port,
    char dst[static ADDRESS_TEXT_MAX]);
/* Without a port, without brackets. */
void address_format_host(
    const struct address *address, char dst[static ADDRESS_TEXT_MAX]);
