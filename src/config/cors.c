/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/cors.h"

#include "base/chars.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <string.h>
#include <strings.h>

static void lower(char *text)
{
    for (; *text; text++) {
        *text = (char)apr_tolower(*text);
    }
}

/* The length of the scheme (RFC 3986, 3.1) that stands before "://" in text; 0 if none does. */
static apr_size_t scheme_length(const char *text)
{
    apr_size_t length = 0;

    while (apr_isalnum(text[length]) || (text[length] && strchr("+-.", text[length]))) {
        length++;
    }
    return apr_isalpha(*text) && strncmp(text + length, "://", 3) == 0 ? length : 0;
}

/* The origin of an app's page may have no host: "file://". One of http or https always has. */
static int is_bare_scheme(const char *text)
{
    const apr_size_t length = scheme_length(text);

    return length > 0 && text[length + 3] == '\0' && strcasecmp(text, "http://") != 0
           && strcasecmp(text, "https://") != 0;
}

static char *lowered(apr_pool_t *pool, const char *text)
{
    char *copy = apr_pstrdup(pool, text);

    lower(copy);
    return copy;
}

const char *si_cors_origin(apr_pool_t *pool, const char *text)
{
    apr_uri_t uri;

    if (strcasecmp(text, "null") == 0 || is_bare_scheme(text)) {
        return lowered(pool, text);
    }
    if (scheme_length(text) == 0 || apr_uri_parse(pool, text, &uri) != APR_SUCCESS || !uri.hostname
        || !*uri.hostname || uri.user || uri.password || uri.path || uri.query || uri.fragment
        || (uri.port_str && *uri.port_str && !si_is_port(uri.port_str))) {
        return NULL;
    }
    lower(uri.scheme); /* as apr_uri_port_of_scheme knows it */
    const int is_default_port = !uri.port_str || !*uri.port_str
                                || uri.port == apr_uri_port_of_scheme(uri.scheme);
    const int is_address = strchr(uri.hostname, ':') != NULL; /* IPv6, without its brackets */
    return lowered(pool,
                   apr_pstrcat(pool, uri.scheme, is_address ? "://[" : "://", uri.hostname,
                               is_address ? "]" : "",
                               is_default_port ? NULL : apr_psprintf(pool, ":%d", uri.port), NULL));
}

const char *si_cors_allow_origin(const si_cors_t *cors, const char *origin)
{
    int i;

    if (cors->mode == SI_CORS_ANY) {
        return "*";
    }
    if (cors->mode == SI_CORS_NONE || !origin) {
        return NULL;
    }
    for (i = 0; i < cors->origins->nelts; i++) {
        const char *allowed = APR_ARRAY_IDX(cors->origins, i, const char *);
        if (strcmp(origin, allowed) == 0) {
            return allowed;
        }
    }
    return NULL;
}

/* A list of tokens; bare commas and spaces count as none. */
static int is_token_list(const char *text)
{
    int has_token = 0;

    while (*(text += strspn(text, ", \t"))) {
        const apr_size_t length = strcspn(text, ", \t");
        if (!si_is_token(text, length)) {
            return 0;
        }
        has_token = 1;
        text += length;
    }
    return has_token;
}

const char *si_cors_allow_headers(const char *requested)
{
    return requested && is_token_list(requested) ? requested : "content-type";
}
