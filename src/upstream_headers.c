/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream_headers.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

/* As sent, where sent (contract section 5). */
static const char *const always_forwarded[] = {
    "User-Agent",
    "Referer",
    "Accept-Language",
    "X-Device-User-Agent",
};

/* Credentials; hop-by-hop and framing (RFC 9110 section 7.6.1); what the module sets itself. */
static const char *const never_forwarded[] = {
    "Cookie",
    "Cookie2",
    "Authorization",
    "Proxy-Authorization",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authenticate",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
    "Content-Length",
    "Content-Encoding",
    "Content-Type",
    "Host",
    "Expect",
    "X-Forwarded-For",
    "Accept-Encoding",
    "Range",
};

static const char *const answer_headers[] = {
    "Content-Type", "Content-Encoding", "Cache-Control", "Retry-After", "Location",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int si_header_is_forwardable(const char *name)
{
    apr_size_t i;

    for (i = 0; i < COUNT(never_forwarded); i++) {
        if (strcasecmp(name, never_forwarded[i]) == 0) {
            return 0;
        }
    }
    for (i = 0; name[i]; i++) {
        if (!apr_isalnum(name[i]) && !strchr("!#$%&'*+-.^_`|~", name[i])) {
            return 0;
        }
    }
    return i > 0;
}

static int has_control(const char *value)
{
    for (; *value; value++) {
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7F) {
            return 1;
        }
    }
    return 0;
}

/* Whether the comma-separated list names name. */
static int list_names(const char *list, const char *name)
{
    const apr_size_t length = strlen(name);

    while (*list) {
        list += strspn(list, ", \t");
        const apr_size_t token = strcspn(list, ", \t");
        if (token == length && strncasecmp(list, name, length) == 0) {
            return 1;
        }
        list += token;
    }
    return 0;
}

/* Pushes a header; returns 0 where its value cannot be sent. A NULL value is no header. */
static int push(apr_array_header_t *headers, const char *name, const char *value)
{
    if (!value) {
        return 1;
    }
    APR_ARRAY_PUSH(headers, const char *) = name;
    APR_ARRAY_PUSH(headers, const char *) = value;
    return !has_control(value);
}

static int is_pushed(const apr_array_header_t *headers, const char *name)
{
    int i;

    for (i = 0; i < headers->nelts; i += 2) {
        if (strcasecmp(APR_ARRAY_IDX(headers, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Once, however often the configuration names it. */
static int push_as_sent(apr_array_header_t *headers, const apr_table_t *incoming, const char *name)
{
    const char *connection = apr_table_get(incoming, "Connection");

    if (is_pushed(headers, name) || (connection && list_names(connection, name))) {
        return 1;
    }
    return push(headers, name, apr_table_get(incoming, name));
}

/*
 * Who is behind a peer that mod_remoteip trusts is known: that address alone. Else the peer is
 * added to what it says, so that MediaTailor can see both.
 */
static const char *forwarded_for(apr_pool_t *pool, const apr_table_t *incoming,
                                 const si_viewer_t *viewer)
{
    const char *sent = apr_table_get(incoming, "X-Forwarded-For");

    if (viewer->client) {
        return viewer->client;
    }
    return sent && *sent ? apr_pstrcat(pool, sent, ", ", viewer->peer, NULL) : viewer->peer;
}

apr_array_header_t *si_upstream_headers(apr_pool_t *pool, const apr_table_t *incoming,
                                        const apr_array_header_t *extra, const char *host,
                                        const si_viewer_t *viewer)
{
    apr_array_header_t *headers = apr_array_make(pool, 16, sizeof(const char *));
    const int extras = extra ? extra->nelts : 0;
    int ok = push(headers, "Host", host)
             && push(headers, "X-Forwarded-For", forwarded_for(pool, incoming, viewer));
    apr_size_t i;
    int j;

    for (i = 0; ok && i < COUNT(always_forwarded); i++) {
        ok = push_as_sent(headers, incoming, always_forwarded[i]);
    }
    for (j = 0; ok && j < extras; j++) {
        ok = push_as_sent(headers, incoming, APR_ARRAY_IDX(extra, j, const char *));
    }
    return ok ? headers : NULL;
}

int si_answer_header_passes(const char *name, apr_size_t length)
{
    apr_size_t i;

    if (length > 7 && strncasecmp(name, "x-amzn-", 7) == 0) {
        return 1;
    }
    for (i = 0; i < COUNT(answer_headers); i++) {
        if (strlen(answer_headers[i]) == length
            && strncasecmp(name, answer_headers[i], length) == 0) {
            return 1;
        }
    }
    return 0;
}
