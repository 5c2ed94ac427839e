/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* A query's items by RFC 3986, written independently of src/request/query.c. */
#ifndef ITEMS_H
#define ITEMS_H

#include "fuzz.h"
#include "slice.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <ctype.h>

typedef struct {
    const char *text; /* as written */
    slice_t name;     /* decoded */
    slice_t value;
} item_t;

static inline slice_t decoded(const char *text)
{
    char *out = apr_palloc(fuzz_pool, strlen(text) + 1);
    slice_t bytes = { out, 0 };

    for (; *text; text++) {
        if (*text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
            const char digits[] = { text[1], text[2], '\0' };
            out[bytes.length++] = (char)strtol(digits, NULL, 16);
            text += 2;
            continue;
        }
        out[bytes.length++] = *text;
    }
    out[bytes.length] = '\0';
    return bytes;
}

/* Returns the items (item_t) that are not empty. */
static inline apr_array_header_t *items_of(const char *query)
{
    apr_array_header_t *items = apr_array_make(fuzz_pool, 4, sizeof(item_t));
    char *rest = apr_pstrdup(fuzz_pool, query ? query : "");
    char *text;

    while ((text = strsep(&rest, "&"))) {
        char *value = apr_pstrdup(fuzz_pool, text);
        const char *name = strsep(&value, "=");
        if (*text) {
            item_t *item = apr_array_push(items);
            item->text = text;
            item->name = decoded(name);
            item->value = decoded(value ? value : "");
        }
    }
    return items;
}

#define ITEM(items, i) (&APR_ARRAY_IDX(items, i, item_t))

static inline int is_named(const item_t *item, const char *name)
{
    return same(item->name, slice_of(name));
}

#endif
