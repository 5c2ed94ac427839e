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
