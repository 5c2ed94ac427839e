/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Decides whether a text is a JSON object as RFC 8259 defines it, and finds its members in place.
 * Nothing is copied or converted, so what is not edited later reaches MediaTailor byte for byte.
 */
#ifndef SI_JSON_SCAN_H
#define SI_JSON_SCAN_H

#include <apr.h>

/* Nesting limit of objects and arrays; the outermost object counts. */
#define SI_JSON_MAX_DEPTH 32

typedef struct {
    const char *name; /* between the quotes, not unescaped */
    apr_size_t name_length;
    int name_has_escapes;
    const char *value; /* from its first byte to its last */
    apr_size_t value_length;
} si_json_member_t;

/*
 * Called for every member of the outermost object, in order, while the text is still being checked.
 */
typedef void si_json_member_fn(void *baton, const si_json_member_t *member);

/*
 * Scans the length bytes at text. Returns NULL if they are one JSON object, with white space around
 * it allowed; else an error message, a static string, with its position in *offset. on_member may
 * be NULL.
 */
const char *si_json_scan_object(const char *text, apr_size_t length, si_json_member_fn *on_member,
                                void *baton, apr_size_t *offset);

#endif
