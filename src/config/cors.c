/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/cors.h"

#include "base/chars.h"
#include "config/origin.h"

#include <apr_cstr.h>
#include <string.h>

const char *si_cors_origin(apr_pool_t *pool, const char *text)
{
    si_origin_t origin;

    if (apr_cstr_casecmp(text, "null") == 0) {
        return "null";
    }
    if (!si_origin_parse(pool, text, &origin)) {
        return NULL;
    }
    if (origin.port == si_origin_default_port(&origin)) {
        origin.port = 0;
    }
    return si_origin_print(pool, &origin);
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

/* Whether text is a list of at least one token. Empty elements are ignored. */
static int is_token_list(const char *list)
{
    const char *element;
    apr_size_t length;
    int count = 0;

    for (; si_next_element(&list, &element, &length); count++) {
        if (!si_is_token(element, length)) {
            return 0;
        }
    }
    return count > 0;
}

const char *si_cors_allow_headers(const char *requested)
{
    return requested && is_token_list(requested) ? requested : "content-type";
}
