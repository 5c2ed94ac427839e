/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "json/json_scan.h"

#include "json/utf8.h"

#include <string.h>

typedef struct {
    const char *p; /* the next byte to read */
    const char *end;
    const char *problem;    /* NULL until one is found, at p */
    apr_uint64_t is_object; /* one bit for each open container, the outermost lowest */
    int depth;
    si_json_member_fn *on_member;
    void *baton;
    si_json_member_t member; /* of the outermost object, being read */
} scan_t;

static int fail(scan_t *scan, const char *problem)
{
    scan->problem = problem;
    return 0;
}

static int next_is(const scan_t *scan, char c)
{
    return scan->p < scan->end && *scan->p == c;
}

static void skip_space(scan_t *scan)
{
    while (scan->p < scan->end
           && (*scan->p == ' ' || *scan->p == '\n' || *scan->p == '\r' || *scan->p == '\t')) {
        scan->p++;
    }
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_hex_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Scans what follows a backslash: one of the nine escapes of RFC 8259 section 7. */
static int scan_escape(scan_t *scan)
{
    int i;

    if (scan->p == scan->end || !*scan->p || !strchr("\"\\/bfnrtu", *scan->p)) {
        return fail(scan, "unknown escape in a string");
    }
    if (*scan->p++ != 'u') {
        return 1;
    }
    for (i = 0; i < 4; i++, scan->p++) {
        if (scan->p == scan->end || !is_hex_digit(*scan->p)) {
            return fail(scan, "\\u without four hex digits");
        }
    }
    return 1;
}

static int is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* Scans one byte or sequence in a string that is not plain ASCII and not the closing quote. */
static int scan_special(scan_t *scan, int *has_escapes)
{
    const unsigned char c = (unsigned char)*scan->p;

    if (c == '\\') {
        *has_escapes = 1;
        scan->p++;
        return scan_escape(scan);
    }
    if (c < ' ') {
        return fail(scan, "unescaped control character in a string");
    }
    const apr_size_t step = si_utf8_sequence(scan->p, scan->end);
    if (step == 0) {
        return fail(scan, "invalid UTF-8 in a string");
    }
    scan->p += step;
    return 1;
}

/* Scans a string, p at its opening quote; *has_escapes is set if it contains a backslash. */
static int scan_string(scan_t *scan, int *has_escapes)
{
    *has_escapes = 0;
    scan->p++;
    for (;;) {
        while (scan->p < scan->end && is_plain(*scan->p)) {
            scan->p++;
        }
        if (scan->p == scan->end) {
            return fail(scan, "string without an end");
        }
        if (*scan->p == '"') {
            scan->p++;
            return 1;
        }
        if (!scan_special(scan, has_escapes)) {
            return 0;
        }
    }
}

static int scan_digits(scan_t *scan)
{
    if (scan->p == scan->end || !is_digit(*scan->p)) {
        return fail(scan, "number with a missing digit");
    }
    while (scan->p < scan->end && is_digit(*scan->p)) {
        scan->p++;
    }
    return 1;
}

/* RFC 8259 section 6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static int scan_number(scan_t *scan)
{
    if (next_is(scan, '-')) {
        scan->p++;
    }
    if (next_is(scan, '0')) {
        scan->p++;
    }
    else if (!scan_digits(scan)) {
        return 0;
    }
    if (next_is(scan, '.')) {
        scan->p++;
        if (!scan_digits(scan)) {
            return 0;
        }
    }
    if (next_is(scan, 'e') || next_is(scan, 'E')) {
        scan->p++;
        if (next_is(scan, '+') || next_is(scan, '-')) {
            scan->p++;
        }
        return scan_digits(scan);
    }
    return 1;
}

static int scan_word(scan_t *scan, const char *word)
{
    const apr_size_t length = strlen(word);

    if ((apr_size_t)(scan->end - scan->p) < length || memcmp(scan->p, word, length) != 0) {
        return fail(scan, "unknown word");
    }
    scan->p += length;
    return 1;
}

static int in_object(const scan_t *scan)
{
    return (int)(scan->is_object >> (scan->depth - 1) & 1);
}

static int open_container(scan_t *scan, int is_object)
{
    if (scan->depth == SI_JSON_MAX_DEPTH) {
        return fail(scan, "more than 32 nested objects and arrays");
    }
    const apr_uint64_t bit = (apr_uint64_t)1 << scan->depth++;
    scan->is_object = is_object ? scan->is_object | bit : scan->is_object & ~bit;
    scan->p++;
    return 1;
}

/*
 * Scans a value, p at its first byte. A container is only opened: scan_content() scans its content.
 */
static int scan_value(scan_t *scan)
{
    int ignored;

    if (scan->p == scan->end) {
        return fail(scan, "the text ends before a value");
    }
    switch (*scan->p) {
    case '{':
        return open_container(scan, 1);
    case '[':
        return open_container(scan, 0);
    case '"':
        return scan_string(scan, &ignored);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        if (*scan->p != '-' && !is_digit(*scan->p)) {
            return fail(scan, "not a JSON value");
        }
        return scan_number(scan);
    }
}

/* Scans a member's name and colon; leaves p at the value. */
static int scan_name(scan_t *scan)
{
    const char *quote = scan->p;
    int has_escapes;

    if (!next_is(scan, '"')) {
        return fail(scan, "a member's name must be a string in double quotes");
    }
    if (!scan_string(scan, &has_escapes)) {
        return 0;
    }
    const apr_size_t name_length = (apr_size_t)(scan->p - quote) - 2;

    skip_space(scan);
    if (!next_is(scan, ':')) {
        return fail(scan, "missing ':' after a member name");
    }
    scan->p++;
    skip_space(scan);
    if (scan->depth == 1) {
        scan->member.name = quote + 1;
        scan->member.name_length = name_length;
        scan->member.name_has_escapes = has_escapes;
        scan->member.value = scan->p;
    }
    return 1;
}

/* Scans an element of the open container: "name": value, or a value. */
static int scan_element(scan_t *scan)
{
    return (!in_object(scan) || scan_name(scan)) && scan_value(scan);
}

/* A value has ended at p. If it is a member of the outermost object, report it. */
static void end_value(scan_t *scan)
{
    if (scan->depth == 1 && scan->on_member) {
        scan->member.value_length = (apr_size_t)(scan->p - scan->member.value);
        scan->on_member(scan->baton, &scan->member);
    }
}

static void close_container(scan_t *scan)
{
    scan->p++;
    scan->depth--;
    if (scan->depth > 0) {
        end_value(scan);
    }
}

static int scan_comma(scan_t *scan)
{
    if (!next_is(scan, ',')) {
        return fail(scan, "expected ',' or the end of the object or array");
    }
    scan->p++;
    skip_space(scan);
    return 1;
}

/* Scans everything after the outermost '{', including its '}'. */
static int scan_content(scan_t *scan)
{
    int is_empty = 1; /* the open container has no element yet */

    while (scan->depth > 0) {
        skip_space(scan);
        if (next_is(scan, in_object(scan) ? '}' : ']')) {
            close_container(scan);
            is_empty = 0;
            continue;
        }
        if (!is_empty && !scan_comma(scan)) {
            return 0;
        }
        const int depth = scan->depth;
        if (!scan_element(scan)) {
            return 0;
        }
        is_empty = scan->depth > depth;
        if (!is_empty) {
            end_value(scan);
        }
    }
    return 1;
}

static int scan_text(scan_t *scan)
{
    skip_space(scan);
    if (next_is(scan, '\xEF')) {
        return fail(scan, "a byte order mark before the object");
    }
    if (!next_is(scan, '{')) {
        return fail(scan, "not an object");
    }
    open_container(scan, 1);
    if (!scan_content(scan)) {
        return 0;
    }
    skip_space(scan);
    return scan->p == scan->end || fail(scan, "unexpected text after the object");
}

const char *si_json_scan_object(const char *text, apr_size_t length, si_json_member_fn *on_member,
                                void *baton, apr_size_t *offset)
{
    scan_t scan = { .p = text, .end = text + length, .on_member = on_member, .baton = baton };

    scan_text(&scan);
    *offset = (apr_size_t)(scan.p - text);
    return scan.problem;
}
