/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The items of a query string, as they stand and decoded. Items are separated by '&', name and
 * value by the first '='. Decoding is that of RFC 3986 section 2.1, done once: '+' is a plus, and a
 * '%' without two hex digits is itself (contract 3.3).
 */
#ifndef SI_QUERY_H
#define SI_QUERY_H

#include <apr_pools.h>

typedef struct {
    const char *text; /* the item as it stands, in the caller's query; may be empty */
    apr_size_t length;
    apr_size_t name_length; /* of text, up to the '=' or the end */
    const char *value;      /* behind the '='; at the item's end where there is none */
    apr_size_t value_length;
} si_query_item_t;

/*
 * Reads the item at *cursor into *item and moves *cursor on. Returns 0 when there is none left;
 * begin with *cursor at the start of a query or NULL for none.
 */
int si_query_next(const char **cursor, si_query_item_t *item);

/* Whether the item's name, decoded, is name. */
int si_query_name_is(const si_query_item_t *item, const char *name);

/*
 * The length bytes at text, decoded, with a NUL behind them; *decoded_length without it (the text
 * itself may hold NULs). Allocated from pool.
 */
const char *si_query_decode(apr_pool_t *pool, const char *text, apr_size_t length,
                            apr_size_t *decoded_length);

/* The byte that the "%XX" at text stands for, or -1 where it is none; end is the text's end. */
int si_query_escaped_byte(const char *text, const char *end);

/* The byte at *text, decoded; moves *text behind it. *text is before end. */
int si_query_next_byte(const char **text, const char *end);

/*
 * Whether text has a space or a control byte: such a query could break a header or a request line.
 */
int si_query_has_control(const char *text);

#endif
