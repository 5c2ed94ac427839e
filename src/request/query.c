/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/query.h"

#include "base/chars.h"

#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

int si_query_escaped_byte(const char *text, const char *end)
{
    if (end - text < 3 || text[0] != '%') {
        return -1;
    }
    const int high = hex_value(text[1]);
    const int low = hex_value(text[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int si_query_next_byte(const char **text, const char *end)
{
    const int escaped = si_query_escaped_byte(*text, end);

    if (escaped < 0) {
        return (unsigned char)*(*text)++;
    }
    *text += 3;
    return escaped;
}

int si_query_next(const char **cursor, si_query_item_t *item)
{
    const char *start = *cursor;

    if (!start) {
        return 0;
    }
    const char *end = start + strcspn(start, "&");
    const char *equals = memchr(start, '=', (apr_size_t)(end - start));

    item->text = start;
    item->length = (apr_size_t)(end - start);
    item->name_length = (apr_size_t)((equals ? equals : end) - start);
    item->value = equals ? equals + 1 : end;
    item->value_length = (apr_size_t)(end - item->value);
    *cursor = *end ? end + 1 : NULL;
    return 1;
}

int si_query_name_is(const si_query_item_t *item, const char *name)
{
    const char *p = item->text;
    const char *end = p + item->name_length;

    while (p < end && *name) {
        if (si_query_next_byte(&p, end) != (unsigned char)*name++) {
            return 0;
        }
    }
    return p == end && !*name;
}

const char *si_query_decode(apr_pool_t *pool, const char *text, apr_size_t length,
                            apr_size_t *decoded_length)
{
    char *decoded = apr_palloc(pool, length + 1);
    char *out = decoded;
    const char *end = text + length;

    while (text < end) {
        *out++ = (char)si_query_next_byte(&text, end);
    }
    *out = '\0';
    *decoded_length = (apr_size_t)(out - decoded);
    return decoded;
}

int si_query_has_control(const char *text)
{
    return strchr(text, ' ') || si_has_control(text, strlen(text));
}
