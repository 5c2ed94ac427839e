/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "json/json_edit.h"

#include "json/json_scan.h"
#include "json/json_string.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>
#include <sys/uio.h>

/* Replaces the text from from to to with the entry's value; deletes it if entry is NULL. */
typedef struct entry_t entry_t;
typedef struct {
    const char *from;
    const char *to;
    const entry_t *entry;
} change_t;

struct entry_t {
    const char *name; /* decoded */
    apr_size_t length;
    const char *json;     /* the value; NULL if object is set */
    si_overlay_t *object; /* the overlay for an object; NULL if json is set */
    int change;           /* the index of its change in the object being edited, or NOT_IN_TEXT */
};

#define NOT_IN_TEXT (-1)

struct si_overlay_t {
    apr_pool_t *pool;
    apr_hash_t *by_name;         /* entry_t */
    apr_array_header_t *entries; /* entry_t *, in the order they were set */
};

/* The object being edited. Its changes are collected first, then the result is assembled. */
typedef struct {
    const si_overlay_t *overlay;
    apr_array_header_t *changes; /* change_t, in the text's order */
    const char *last_end;        /* of the last member so far, NULL if there is none */
    const char *not_an_object;   /* the name of a member that should be one, NULL for none */
} edit_t;

si_overlay_t *si_overlay_make(apr_pool_t *pool)
{
    si_overlay_t *overlay = apr_palloc(pool, sizeof(*overlay));

    overlay->pool = pool;
    overlay->by_name = apr_hash_make(pool);
    overlay->entries = apr_array_make(pool, 4, sizeof(entry_t *));
    return overlay;
}

static entry_t *find_or_add(si_overlay_t *overlay, const char *name, apr_size_t length)
{
    entry_t *entry = apr_hash_get(overlay->by_name, name, (apr_ssize_t)length);

    if (!entry) {
        entry = apr_pcalloc(overlay->pool, sizeof(*entry));
        entry->name = name;
        entry->length = length;
        apr_hash_set(overlay->by_name, name, (apr_ssize_t)length, entry);
        APR_ARRAY_PUSH(overlay->entries, entry_t *) = entry;
    }
    return entry;
}

void si_overlay_set(si_overlay_t *overlay, const char *name, apr_size_t length, const char *json)
{
    find_or_add(overlay, name, length)->json = json;
}

si_overlay_t *si_overlay_object(si_overlay_t *overlay, const char *name)
{
    entry_t *entry = find_or_add(overlay, name, strlen(name));

    if (!entry->object) {
        entry->object = si_overlay_make(overlay->pool);
    }
    return entry->object;
}

static entry_t *find_entry(const si_overlay_t *overlay, const si_json_member_t *member)
{
    const char *name = member->name;
    apr_size_t length = member->name_length;

    if (member->name_has_escapes) {
        name = si_json_string_decode(overlay->pool, name, length, &length);
    }
    return name ? apr_hash_get(overlay->by_name, name, (apr_ssize_t)length) : NULL;
}

static void add_change(edit_t *edit, const char *from, const char *to, const entry_t *entry)
{
    change_t *change = apr_array_push(edit->changes);

    change->from = from;
    change->to = to;
    change->entry = entry;
}

/*
 * If the object is repeated, the last one is edited: it is the one that counts. Editing each would
 * turn a small body with many repetitions and a long query into gigabytes.
 */
static void change_object(edit_t *edit, entry_t *entry, const si_json_member_t *member)
{
    if (*member->value != '{') {
        edit->not_an_object = entry->name;
    }
    if (entry->change != NOT_IN_TEXT) {
        change_t *earlier = &APR_ARRAY_IDX(edit->changes, entry->change, change_t);
        earlier->to = earlier->from;
        earlier->entry = NULL;
    }
    entry->change = edit->changes->nelts;
    add_change(edit, member->value, member->value + member->value_length, entry);
}

/*
 * If the value is repeated, the first one is replaced. The others are deleted, with the comma
 * before each.
 */
static void change_value(edit_t *edit, entry_t *entry, const si_json_member_t *member)
{
    const char *end = member->value + member->value_length;

    if (entry->change != NOT_IN_TEXT) {
        add_change(edit, edit->last_end, end, NULL);
        return;
    }
    entry->change = edit->changes->nelts;
    add_change(edit, member->value, end, entry);
}

static void on_member(void *baton, const si_json_member_t *member)
{
    edit_t *edit = baton;
    entry_t *entry = find_entry(edit->overlay, member);

    if (entry && entry->object) {
        change_object(edit, entry, member);
    }
    else if (entry) {
        change_value(edit, entry, member);
    }
    edit->last_end = member->value + member->value_length;
}

static void push(apr_array_header_t *pieces, const char *text, apr_size_t length)
{
    struct iovec *piece = apr_array_push(pieces);

    piece->iov_base = (void *)text;
    piece->iov_len = length;
}

static const char *edit_object(const char *text, apr_size_t length, const si_overlay_t *overlay,
                               apr_array_header_t *pieces, const char **not_an_object,
                               apr_size_t *offset);

/*
 * Pushes the entry's new value; text is the old one. Nested objects were scanned with the outer
 * one, so this cannot fail.
 */
static void push_entry(const entry_t *entry, const char *text, apr_size_t length,
                       apr_array_header_t *pieces)
{
    const char *ignored;
    apr_size_t ignored_offset;

    if (entry->object) {
        edit_object(text, length, entry->object, pieces, &ignored, &ignored_offset);
        return;
    }
    push(pieces, entry->json, strlen(entry->json));
}

/* Pushes the members that the object lacks; they go after its last one. */
static void push_missing(const edit_t *edit, apr_array_header_t *pieces)
{
    const apr_array_header_t *entries = edit->overlay->entries;
    int is_first = !edit->last_end;
    int i;

    for (i = 0; i < entries->nelts; i++) {
        const entry_t *entry = APR_ARRAY_IDX(entries, i, const entry_t *);
        if (entry->change != NOT_IN_TEXT) {
            continue;
        }
        const char *name = si_json_string_encode(edit->overlay->pool, entry->name, entry->length);
        push(pieces, ",", is_first ? 0 : 1);
        push(pieces, name, strlen(name));
        push(pieces, ":", 1);
        push_entry(entry, "{}", 2, pieces);
        is_first = 0;
    }
}

/* Pushes the edited object text, which ends before end. */
static void push_edited(const edit_t *edit, const char *text, const char *end,
                        apr_array_header_t *pieces)
{
    const char *rest = text;
    const char *last_end = edit->last_end ? edit->last_end : strchr(text, '{') + 1;
    int i;

    for (i = 0; i < edit->changes->nelts; i++) {
        const change_t *change = &APR_ARRAY_IDX(edit->changes, i, change_t);
        push(pieces, rest, (apr_size_t)(change->from - rest));
        if (change->entry) {
            push_entry(change->entry, change->from, (apr_size_t)(change->to - change->from),
                       pieces);
        }
        rest = change->to;
    }
    push(pieces, rest, (apr_size_t)(last_end - rest));
    push_missing(edit, pieces);
    push(pieces, last_end, (apr_size_t)(end - last_end));
}

static void forget_changes(const si_overlay_t *overlay)
{
    int i;

    for (i = 0; i < overlay->entries->nelts; i++) {
        APR_ARRAY_IDX(overlay->entries, i, entry_t *)->change = NOT_IN_TEXT;
    }
}

/* Pushes the edited object onto pieces; returns NULL or the scanner's error. */
static const char *edit_object(const char *text, apr_size_t length, const si_overlay_t *overlay,
                               apr_array_header_t *pieces, const char **not_an_object,
                               apr_size_t *offset)
{
    edit_t edit = { .overlay = overlay };
    const char *problem;

    forget_changes(overlay);
    edit.changes = apr_array_make(overlay->pool, overlay->entries->nelts, sizeof(change_t));
    problem = si_json_scan_object(text, length, on_member, &edit, offset);
    *not_an_object = edit.not_an_object;
    if (!problem && !edit.not_an_object) {
        push_edited(&edit, text, text + length, pieces);
    }
    return problem;
}

si_edit_status_t si_json_edit(const char *text, apr_size_t length, si_overlay_t *overlay,
                              si_edit_t *edit)
{
    apr_array_header_t *pieces = apr_array_make(overlay->pool, 16, sizeof(struct iovec));
    const char *not_an_object;

    edit->what = edit_object(text, length, overlay, pieces, &not_an_object, &edit->offset);
    if (edit->what) {
        return SI_EDIT_BAD_JSON;
    }
    if (not_an_object) {
        edit->what = not_an_object;
        return SI_EDIT_NOT_AN_OBJECT;
    }
    edit->text = apr_pstrcatv(overlay->pool, (struct iovec *)pieces->elts,
                              (apr_size_t)pieces->nelts, &edit->length);
    return SI_EDIT_DONE;
}
