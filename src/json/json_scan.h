/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Decides whether a text is a JSON object as RFC 8259 defines it, and finds its members in place.
 * Nothing is copied or converted, so what is not edited later reaches MediaTailor byte for byte.
 */
#ifndef SI_JSON_SCAN_H
#define SI_JSON_SCAN_H

#include <apr.h>

/* Objects and arrays inside each other, the outermost object counted. */
#define SI_JSON_MAX_DEPTH 32

typedef struct {
    const char *name; /* between the quotes, escapes as they stand */
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
 * Scans the length bytes at text. Returns NULL where they are one JSON object (white space around
 * it allowed); else what is wrong, a static string, with the byte it was found at in *offset.
 * on_member may be NULL.
 */
const char *si_json_scan_object(const char *text, apr_size_t length, si_json_member_fn *on_member,
                                void *baton, apr_size_t *offset);

#endif
