/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A reader of RFC 8259 that shares no code with src/: it is recursive, with a regular expression
 * for numbers and code points in place of bytes. src/ is checked against its result for a text, and
 * against the meaning that it finds.
 */
#ifndef JSON_READER_H
#define JSON_READER_H

#include "slice.h"

#include <apr_pools.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <regex.h>

#define JSON_READER_DEPTH 32

/* Names and strings are decoded to UTF-8, with lone surrogates in the same pattern. */
typedef struct {
    slice_t name;
    slice_t value;   /* as written */
    slice_t meaning; /* a string decoded, between '"' and 0xFF; else the value without space */
} json_member_t;

typedef struct {
    apr_pool_t *pool;
    const char *p, *end;
    char *meaning; /* written so far */
    int depth;
} json_reader_t;

static inline int json_peek(const json_reader_t *reader)
{
    return reader->p < reader->end ? (unsigned char)*reader->p : -1;
}

static inline int json_take(json_reader_t *reader, int c)
{
    return json_peek(reader) == c ? (reader->p++, 1) : 0;
}

static inline void json_put(json_reader_t *reader, int c)
{
    *reader->meaning++ = (char)c;
}

static inline void json_put_code(json_reader_t *reader, unsigned code)
{
    if (code < 0x80) {
        json_put(reader, (int)code);
        return;
    }
    static const unsigned first[] = { 0, 0xC0, 0xE0, 0xF0 };
    const int further = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    int i;

    json_put(reader, (int)(first[further] | code >> 6 * further));
    for (i = further - 1; i >= 0; i--) {
        json_put(reader, (int)(0x80 | (code >> 6 * i & 0x3F)));
    }
}

/* RFC 3629: reads the code point, and checks that its form is the shortest. */
static inline int json_read_plain(json_reader_t *reader)
{
    static const unsigned least[] = { 0, 0x80, 0x800, 0x10000 };
    const int first = json_peek(reader);
    const int further = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    unsigned code = (unsigned)first;
    int i;

    if (first < 0x20 || (first >= 0x80 && first < 0xC0) || first > 0xF7) {
        return 0;
    }
    if (further > 0) {
        code &= 0x3FU >> further;
    }
    reader->p++;
    for (i = 0; i < further; i++, reader->p++) {
        if ((json_peek(reader) & 0xC0) != 0x80 || json_peek(reader) < 0) {
            return 0;
        }
        code = code << 6 | ((unsigned)json_peek(reader) & 0x3F);
    }
    if (code < least[further] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
        return 0;
    }
    json_put_code(reader, code);
    return 1;
}

/* Reads the four digits after "\u". */
static inline int json_read_unit(json_reader_t *reader, unsigned *unit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    int i;

    *unit = 0;
    for (i = 0; i < 4; i++, reader->p++) {
        const char *found = json_peek(reader) > 0 ? strchr(digits, json_peek(reader)) : NULL;
        if (!found) {
            return 0;
        }
        *unit = *unit * 16 + (unsigned)(found - digits) % 16;
    }
    return 1;
}

static inline int json_read_escape(json_reader_t *reader)
{
    static const char letters[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    const char *found = json_peek(reader) > 0 ? strchr(letters, json_peek(reader)) : NULL;
    json_reader_t after;
    unsigned unit, low;

    if (found) {
        reader->p++;
        json_put(reader, characters[found - letters]);
        return 1;
    }
    if (!json_take(reader, 'u') || !json_read_unit(reader, &unit)) {
        return 0;
    }
    after = *reader;
    if (unit >= 0xD800 && unit < 0xDC00 && json_take(&after, '\\') && json_take(&after, 'u')
        && json_read_unit(&after, &low) && low >= 0xDC00 && low < 0xE000) {
        reader->p = after.p;
        unit = 0x10000 + (unit - 0xD800) * 0x400 + (low - 0xDC00);
    }
    json_put_code(reader, unit);
    return 1;
}

static inline int json_read_string(json_reader_t *reader)
{
    if (!json_take(reader, '"')) {
        return 0;
    }
    json_put(reader, '"');
    while (!json_take(reader, '"')) {
        if (!(json_take(reader, '\\') ? json_read_escape(reader) : json_read_plain(reader))) {
            return 0;
        }
    }
    json_put(reader, 0xFF);
    return 1;
}

/* A number or a word: its text is its meaning. */
static inline int json_read_bare(json_reader_t *reader)
{
    static regex_t bare;
    static int is_compiled;
    const char *start = reader->p;
    char *text;

    if (!is_compiled) {
        is_compiled = regcomp(&bare,
                              "^(true|false|null|"
                              "-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?)$",
                              REG_EXTENDED | REG_NOSUB)
                      == 0;
    }
    while (json_peek(reader) > 0 && strchr("truefalsn0123456789+-.E", json_peek(reader))) {
        json_put(reader, *reader->p++);
    }
    text = apr_pstrmemdup(reader->pool, start, (apr_size_t)(reader->p - start));
    return regexec(&bare, text, 0, NULL, 0) == 0;
}

static inline void json_space(json_reader_t *reader)
{
    while (json_take(reader, ' ') || json_take(reader, '\t') || json_take(reader, '\n')
           || json_take(reader, '\r')) {
    }
}

static inline int json_read_value(json_reader_t *reader);

/* Reads "name": before a value; the meaning of the name is all that was put. */
static inline int json_read_name(json_reader_t *reader, slice_t *name)
{
    const char *start = reader->meaning + 1;

    if (!json_read_string(reader)) {
        return 0;
    }
    name->bytes = start;
    name->length = (apr_size_t)(reader->meaning - start - 1);
    json_space(reader);
    json_put(reader, ':');
    return json_take(reader, ':');
}

/* Reads the elements of a container up to close; members of an object are pushed if wanted. */
static inline int json_read_elements(json_reader_t *reader, int close, apr_array_header_t *members)
{
    json_member_t member;
    int is_first = 1;

    json_space(reader);
    while (!json_take(reader, close)) {
        if (!is_first && !json_take(reader, ',')) {
            return 0;
        }
        is_first = 0;
        json_put(reader, ',');
        json_space(reader);
        if (close == '}' && !json_read_name(reader, &member.name)) {
            return 0;
        }
        json_space(reader);
        member.value.bytes = reader->p;
        member.meaning.bytes = reader->meaning;
        if (!json_read_value(reader)) {
            return 0;
        }
        member.value.length = (apr_size_t)(reader->p - member.value.bytes);
        member.meaning.length = (apr_size_t)(reader->meaning - member.meaning.bytes);
        json_space(reader);
        if (members) {
            APR_ARRAY_PUSH(members, json_member_t) = member;
        }
    }
    json_put(reader, close);
    return 1;
}

static inline int json_read_container(json_reader_t *reader, int close, apr_array_header_t *members)
{
    json_put(reader, *reader->p++);
    if (++reader->depth > JSON_READER_DEPTH || !json_read_elements(reader, close, members)) {
        return 0;
    }
    reader->depth--;
    return 1;
}

static inline int json_read_value(json_reader_t *reader)
{
    switch (json_peek(reader)) {
    case '{':
        return json_read_container(reader, '}', NULL);
    case '[':
        return json_read_container(reader, ']', NULL);
    case '"':
        return json_read_string(reader);
    default:
        return json_read_bare(reader);
    }
}

/*
 * Returns the members (json_member_t) of the object that text is, from pool; NULL if it is not an
 * object.
 */
static inline apr_array_header_t *json_read_object(apr_pool_t *pool, const char *text,
                                                   apr_size_t length)
{
    json_reader_t reader = { pool, text, text + length, NULL, 0 };
    apr_array_header_t *members = apr_array_make(pool, 8, sizeof(json_member_t));

    reader.meaning = apr_palloc(pool, 4 * length + 16);
    json_space(&reader);
    if (json_peek(&reader) != '{' || !json_read_container(&reader, '}', members)) {
        return NULL;
    }
    json_space(&reader);
    return reader.p == reader.end ? members : NULL;
}

#define JSON_MEMBER(members, i) (&APR_ARRAY_IDX(members, i, json_member_t))

#endif
