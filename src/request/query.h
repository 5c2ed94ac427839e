/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The items of a query string, raw and decoded. Items are separated by '&', name and value by the
 * first '='. They are decoded once, by RFC 3986 section 2.1: '+' is a plus, and a '%' without two
 * hex digits is kept (contract 3.3).
 */
#ifndef SI_QUERY_H
#define SI_QUERY_H

#include <apr_pools.h>

typedef struct {
    const char *text; /* the raw item, in the caller's query; may be empty */
    apr_size_t length;
    apr_size_t name_length; /* of text, up to the '=' or the end */
    const char *value;      /* after the '='; the item's end if there is no '=' */
    apr_size_t value_length;
} si_query_item_t;

/*
 * Reads the item at *cursor into *item and moves *cursor on. Returns 0 if no item is left. *cursor
 * is first the start of the query, or NULL for no query.
 */
int si_query_next(const char **cursor, si_query_item_t *item);

/* Whether the item's name, decoded, is name. */
int si_query_name_is(const si_query_item_t *item, const char *name);

/*
 * Decodes the length bytes at text. The result is from pool, *decoded_length bytes long (it may
 * contain NULs), with a NUL after it.
 */
const char *si_query_decode(apr_pool_t *pool, const char *text, apr_size_t length,
                            apr_size_t *decoded_length);

/*
 * Returns the byte that the "%XX" at text encodes, or -1 if it is not an escape; end is the text's
 * end.
 */
int si_query_escaped_byte(const char *text, const char *end);

/* Returns the byte at *text, decoded, and moves *text past it. *text is before end. */
int si_query_next_byte(const char **text, const char *end);

/* Whether text has a space or a control byte, which could break a header or a request line. */
int si_query_has_control(const char *text);

#endif
