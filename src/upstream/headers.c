/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/headers.h"

#include "base/chars.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <string.h>

/* Forwarded unchanged if the player sent them (contract section 5). */
static const char *const always_forwarded[] = {
    "User-Agent",
    "Referer",
    "Accept-Language",
    "X-Device-User-Agent",
};

/*
 * Credentials, hop-by-hop and framing headers (RFC 9110 section 7.6.1), and those that the module
 * sets itself.
 */
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

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static int is_among(const char *name, const char *const *names, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        if (apr_cstr_casecmp(name, names[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

int si_header_is_forwarded(const char *name, const apr_array_header_t *extra)
{
    return is_among(name, always_forwarded, COUNT(always_forwarded))
           || (extra && is_among(name, (const char *const *)extra->elts, extra->nelts));
}

int si_header_is_forwardable(const char *name)
{
    return si_is_token(name, strlen(name))
           && !is_among(name, never_forwarded, COUNT(never_forwarded));
}

/* Whether the comma-separated list contains name. */
static int list_names(const char *list, const char *name)
{
    const char *element;
    apr_size_t length;

    while (si_next_element(&list, &element, &length)) {
        if (length == strlen(name) && apr_cstr_casecmpn(element, name, length) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Pushes a header, unless value is NULL. Returns 0 if the value cannot be sent. */
static int push(apr_array_header_t *headers, const char *name, const char *value)
{
    if (!value) {
        return 1;
    }
    APR_ARRAY_PUSH(headers, const char *) = name;
    APR_ARRAY_PUSH(headers, const char *) = value;
    return si_is_field_value(value, strlen(value));
}

/* Pushes the player's headers that are in names, except those that Connection lists. */
static int push_as_sent(apr_array_header_t *headers, const apr_table_t *incoming,
                        const char *const *names, int count)
{
    const char *connection = apr_table_get(incoming, "Connection");
    int ok = 1;
    int i;

    for (i = 0; ok && i < count; i++) {
        if (!connection || !list_names(connection, names[i])) {
            ok = push(headers, names[i], apr_table_get(incoming, names[i]));
        }
    }
    return ok;
}

/* Returns the list without empty elements (RFC 9110 section 5.6.1), with last appended. */
static const char *append_element(apr_pool_t *pool, const char *list, const char *last)
{
    char *joined = apr_palloc(pool, 2 * strlen(list) + strlen(last) + sizeof(", "));
    char *out = joined;
    const char *element;
    apr_size_t length;

    while (si_next_element(&list, &element, &length)) {
        memcpy(out, element, length);
        out = stpcpy(out + length, ", ");
    }
    stpcpy(out, last);
    return joined;
}

/*
 * If mod_remoteip trusts the peer, the player's address is known: only that is sent. Else the
 * peer's address is appended to its X-Forwarded-For, so that MediaTailor can see both.
 */
static const char *forwarded_for(apr_pool_t *pool, const apr_table_t *incoming,
                                 const si_viewer_t *viewer)
{
    const char *sent = apr_table_get(incoming, "X-Forwarded-For");

    if (viewer->client) {
        return viewer->client;
    }
    return sent ? append_element(pool, sent, viewer->peer) : viewer->peer;
}

apr_array_header_t *si_upstream_headers(apr_pool_t *pool, const apr_table_t *incoming,
                                        const apr_array_header_t *extra, const char *host,
                                        const si_viewer_t *viewer)
{
    apr_array_header_t *headers = apr_array_make(pool, 16, sizeof(const char *));
    const int ok = push(headers, "Host", host)
                   && push(headers, "X-Forwarded-For", forwarded_for(pool, incoming, viewer))
                   && push_as_sent(headers, incoming, always_forwarded, COUNT(always_forwarded))
                   && (!extra
                       || push_as_sent(headers, incoming, (const char *const *)extra->elts,
                                       extra->nelts));

    return ok ? headers : NULL;
}

int si_response_header_passes(const char *name, apr_size_t length)
{
    int i;

    if (length > 7 && apr_cstr_casecmpn(name, "x-amzn-", 7) == 0) {
        return si_is_token(name, length);
    }
    for (i = 0; i < COUNT(answer_headers); i++) {
        if (strlen(answer_headers[i]) == length
            && apr_cstr_casecmpn(name, answer_headers[i], length) == 0) {
            return 1;
        }
    }
    return 0;
}
