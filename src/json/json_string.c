/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "json/json_string.h"

#include <apr_strings.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* json-c counts in int. */
#define MAX_LENGTH 0x7FFFFFF0

static apr_status_t put_object(void *object)
{
    json_object_put(object);
    return APR_SUCCESS;
}

/* Four hex digits as a number; the scanner has seen that they are digits. */
static long code_unit(const char *digits)
{
    const char copy[] = { digits[0], digits[1], digits[2], digits[3], '\0' };
    return strtol(copy, NULL, 16);
}

/* json-c decodes each lone surrogate to U+FFFD, which would make different names equal. */
static int has_lone_surrogate(const char *p, const char *end)
{
    while ((p = memchr(p, '\\', (apr_size_t)(end - p)))) {
        if (p[1] != 'u') {
            p += 2;
            continue;
        }
        const long unit = code_unit(p + 2);
        p += 6;
        if (unit < 0xD800 || unit > 0xDFFF) {
            continue;
        }
        const int has_low = end - p >= 6 && p[0] == '\\' && p[1] == 'u';
        const long low = has_low ? code_unit(p + 2) : 0;
        if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
            return 1;
        }
        p += 6;
    }
    return 0;
}

const char *si_json_string_decode(apr_pool_t *pool, const char *escaped, apr_size_t length,
                                  apr_size_t *decoded_length)
{
    if (length > MAX_LENGTH || has_lone_surrogate(escaped, escaped + length)) {
        return NULL;
    }
    const char *quoted = apr_pstrcat(pool, "\"", apr_pstrmemdup(pool, escaped, length), "\"", NULL);
    json_tokener *tokener = json_tokener_new_ex(1);
    if (!tokener) {
        return NULL;
    }
    /* Freed here and not with the pool: a body may have a hundred thousand escaped names. */
    json_object *object = json_tokener_parse_ex(tokener, quoted, (int)length + 2);
    json_tokener_free(tokener);
    if (!object) {
        return NULL;
    }
    *decoded_length = (apr_size_t)json_object_get_string_len(object);
    const char *decoded = apr_pstrmemdup(pool, json_object_get_string(object), *decoded_length);
    json_object_put(object);
    return decoded;
}

/* Whether the text needs only quotes, as most names and values do. */
static int is_plain(const char *text, apr_size_t length)
{
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] == '"' || text[i] == '\\' || text[i] == 0x7F) {
            return 0;
        }
    }
    return 1;
}

const char *si_json_string_encode(apr_pool_t *pool, const char *text, apr_size_t length)
{
    if (is_plain(text, length)) {
        return apr_pstrcat(pool, "\"", apr_pstrmemdup(pool, text, length), "\"", NULL);
    }

    json_object *object = length <= MAX_LENGTH ? json_object_new_string_len(text, (int)length)
                                               : NULL;
    if (!object) {
        return NULL;
    }
    apr_pool_cleanup_register(pool, object, put_object, apr_pool_cleanup_null);

    apr_size_t encoded_length;
    const char *encoded = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &encoded_length);
    return encoded ? apr_pstrmemdup(pool, encoded, encoded_length) : NULL;
}
