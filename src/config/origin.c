/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/origin.h"

#include "base/chars.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-._"

static void lower(char *text)
{
    for (; *text; text++) {
        *text = (char)apr_tolower(*text);
    }
}

/* The length of the scheme (RFC 3986 section 3.1) before "://" in text; 0 if there is none. */
static apr_size_t scheme_length(const char *text)
{
    apr_size_t length = 0;

    while (apr_isalnum(text[length]) || (text[length] && strchr("+-.", text[length]))) {
        length++;
    }
    return apr_isalpha(*text) && strncmp(text + length, "://", 3) == 0 ? length : 0;
}

/* Reads the host at the start of text. Returns the text after it, or NULL if it is not valid. */
static const char *read_host(apr_pool_t *pool, const char *text, si_origin_t *origin)
{
    unsigned char address[sizeof(struct in6_addr)];
    const char *bracket;
    apr_size_t length;

    if (*text != '[') {
        length = strspn(text, HOST_CHARACTERS);
        origin->host = apr_pstrmemdup(pool, text, length);
        return text + length;
    }
    bracket = strchr(text, ']');
    if (!bracket) {
        return NULL;
    }
    origin->is_ipv6 = 1;
    origin->host = apr_pstrmemdup(pool, text + 1, (apr_size_t)(bracket - text) - 1);
    return inet_pton(AF_INET6, origin->host, address) == 1 ? bracket + 1 : NULL;
}

int si_origin_is_http(const si_origin_t *origin)
{
    return strcmp(origin->scheme, "http") == 0 || strcmp(origin->scheme, "https") == 0;
}

int si_origin_default_port(const si_origin_t *origin)
{
    return apr_uri_port_of_scheme(origin->scheme);
}

int si_origin_parse(apr_pool_t *pool, const char *text, si_origin_t *origin)
{
    const apr_size_t length = scheme_length(text);
    char *lowered = apr_pstrdup(pool, text);
    const char *rest;

    if (length == 0) {
        return 0;
    }
    lower(lowered);
    memset(origin, 0, sizeof(*origin));
    origin->scheme = apr_pstrmemdup(pool, lowered, length);
    rest = read_host(pool, lowered + length + 3, origin);
    if (!rest || (!*origin->host && (*rest || si_origin_is_http(origin)))) {
        return 0;
    }
    if (*rest == ':' && si_is_port(rest + 1)) {
        origin->port = (int)strtol(rest + 1, NULL, 10);
        return 1;
    }
    return !*rest;
}

const char *si_origin_print(apr_pool_t *pool, const si_origin_t *origin)
{
    if (!*origin->scheme) {
        return "";
    }
    return apr_pstrcat(pool, origin->scheme, origin->is_ipv6 ? "://[" : "://", origin->host,
                       origin->is_ipv6 ? "]" : "",
                       origin->port ? apr_psprintf(pool, ":%d", origin->port) : NULL, NULL);
}
