/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Checks that one JSON object is another with changes laid over it, and otherwise unchanged. */
#ifndef CHANGES_H
#define CHANGES_H

#include "fuzz.h"
#include "json_reader.h"

typedef struct {
    slice_t name;
    slice_t meaning;             /* of the value that is set, as in json_member_t */
    apr_array_header_t *members; /* change_t of the object that is added to; NULL for a value */
} change_t;

#define CHANGE(changes, i) (&APR_ARRAY_IDX(changes, i, change_t))

static inline slice_t meaning_of_string(slice_t string)
{
    char *out = apr_palloc(fuzz_pool, string.length + 2);
    const slice_t meaning = { out, string.length + 2 };

    *out = '"';
    memcpy(out + 1, string.bytes, string.length);
    out[string.length + 1] = '\xFF';
    return meaning;
}

/* Returns the change of that name; NULL if there is none. */
static inline change_t *find_change(const apr_array_header_t *changes, slice_t name)
{
    int i;

    for (i = 0; i < changes->nelts; i++) {
        if (same(CHANGE(changes, i)->name, name)) {
            return CHANGE(changes, i);
        }
    }
    return NULL;
}

/* Returns the change of that name; makes it if there is none. */
static inline change_t *change_of(apr_array_header_t *changes, slice_t name)
{
    change_t *change = find_change(changes, name);

    if (!change) {
        change = apr_array_push(changes);
        memset(change, 0, sizeof(*change));
        change->name = name;
    }
    return change;
}

static inline apr_array_header_t *make_changes(void)
{
    return apr_array_make(fuzz_pool, 8, sizeof(change_t));
}

/* Returns the changes of the object that is the member name. */
static inline apr_array_header_t *changes_below(apr_array_header_t *changes, const char *name)
{
    change_t *change = change_of(changes, slice_of(name));

    if (!change->members) {
        change->members = make_changes();
    }
    return change->members;
}

/* Returns the members (json_member_t *) of that name; if name is NULL, those that no change names.
 */
static inline apr_array_header_t *members_of(const apr_array_header_t *object,
                                             const apr_array_header_t *changes, const slice_t *name)
{
    apr_array_header_t *found = apr_array_make(fuzz_pool, 8, sizeof(json_member_t));
    int i;

    for (i = 0; i < object->nelts; i++) {
        const json_member_t *member = JSON_MEMBER(object, i);
        if (name ? same(member->name, *name) : !find_change(changes, member->name)) {
            APR_ARRAY_PUSH(found, json_member_t) = *member;
        }
    }
    return found;
}

/* Checks that the first count members are the same to the last byte of their values. */
static inline void check_same(const apr_array_header_t *before, const apr_array_header_t *after,
                              int count)
{
    int i;

    for (i = 0; i < count; i++) {
        MUST(same(JSON_MEMBER(before, i)->name, JSON_MEMBER(after, i)->name));
        MUST(same(JSON_MEMBER(before, i)->value, JSON_MEMBER(after, i)->value));
    }
}

static inline void check_changes(const apr_array_header_t *before, const apr_array_header_t *after,
                                 const apr_array_header_t *changes);

/* If an object is repeated, the last one, which counts, is changed. */
static inline void check_object(const apr_array_header_t *before, const apr_array_header_t *after,
                                const apr_array_header_t *changes)
{
    const int last = after->nelts - 1;
    const slice_t was = before->nelts > 0 ? JSON_MEMBER(before, last)->value : slice_of("{}");
    const slice_t is = JSON_MEMBER(after, last)->value;
    const apr_array_header_t *read = json_read_object(fuzz_pool, is.bytes, is.length);

    check_same(before, after, last);
    MUST(read);
    check_changes(json_read_object(fuzz_pool, was.bytes, was.length), read, changes);
}

static inline void check_changes(const apr_array_header_t *before, const apr_array_header_t *after,
                                 const apr_array_header_t *changes)
{
    const apr_array_header_t *old = members_of(before, changes, NULL);
    const apr_array_header_t *new = members_of(after, changes, NULL);
    int i;

    MUST(old->nelts == new->nelts);
    check_same(old, new, old->nelts);
    for (i = 0; i < changes->nelts; i++) {
        const change_t *change = CHANGE(changes, i);
        old = members_of(before, changes, &change->name);
        new = members_of(after, changes, &change->name);
        if (change->members) {
            MUST(new->nelts == (old->nelts > 0 ? old->nelts : 1));
            check_object(old, new, change->members);
            continue;
        }
        MUST(new->nelts == 1 && same(JSON_MEMBER(new, 0)->meaning, change->meaning));
    }
}

/* Whether the changes can be laid over object: members to which changes are added are objects. */
static inline int fit(const apr_array_header_t *object, const apr_array_header_t *changes)
{
    int i;

    for (i = 0; i < object->nelts; i++) {
        const change_t *change = find_change(changes, JSON_MEMBER(object, i)->name);
        if (change && change->members && *JSON_MEMBER(object, i)->value.bytes != '{') {
            return 0;
        }
    }
    return 1;
}

#endif
