/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "json_edit.h"

#include "json_scan.h"
#include "json_string.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>
#include <sys/uio.h>

typedef struct {
    const char *name; /* decoded */
    apr_size_t length;
    const char *json; /* the value, or NULL where object is the overlay of one */
    si_overlay_t *object;
    int is_in_text; /* the object being edited has the member */
} entry_t;

struct si_overlay_t {
    apr_pool_t *pool;
    apr_hash_t *by_name;         /* entry_t */
    apr_array_header_t *entries; /* entry_t *, in the order they were set */
};

/* The object being edited. Text up to rest is dealt with. */
typedef struct {
    si_overlay_t *overlay;
    apr_array_header_t *pieces; /* struct iovec: the result so far */
    const char *rest;
    const char *last_end; /* of the last member so far; behind the '{' where there is none */
    int has_members;
    const char *not_an_object;
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

static void push(edit_t *edit, const char *text, apr_size_t length)
{
    struct iovec *piece = apr_array_push(edit->pieces);

    piece->iov_base = (void *)text;
    piece->iov_len = length;
}

/* Passes on the text that is not dealt with, up to end. */
static void keep_until(edit_t *edit, const char *end)
{
    push(edit, edit->rest, (apr_size_t)(end - edit->rest));
    edit->rest = end;
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

static const char *edit_object(const char *text, apr_size_t length, si_overlay_t *overlay,
                               apr_array_header_t *pieces, const char **not_an_object,
                               apr_size_t *offset);

static void edit_member_object(edit_t *edit, entry_t *entry, const si_json_member_t *member)
{
    apr_size_t ignored;

    if (*member->value != '{') {
        edit->not_an_object = entry->name;
        return;
    }
    keep_until(edit, member->value);
    edit_object(member->value, member->value_length, entry->object, edit->pieces,
                &edit->not_an_object, &ignored);
    edit->rest = member->value + member->value_length;
}

static void edit_member(void *baton, const si_json_member_t *member)
{
    edit_t *edit = baton;
    const char *end = member->value + member->value_length;
    entry_t *entry = find_entry(edit->overlay, member);

    if (entry && entry->object) {
        edit_member_object(edit, entry, member);
    }
    else if (entry && entry->is_in_text) {
        /* A repetition goes with the comma before it. */
        keep_until(edit, edit->last_end);
        edit->rest = end;
    }
    else if (entry) {
        keep_until(edit, member->value);
        push(edit, entry->json, strlen(entry->json));
        edit->rest = end;
    }
    if (entry) {
        entry->is_in_text = 1;
    }
    edit->last_end = end;
    edit->has_members = 1;
}

/* Behind the object's last member: those that it lacks. */
static void add_missing(edit_t *edit)
{
    apr_pool_t *pool = edit->overlay->pool;
    apr_size_t ignored;
    int i;

    for (i = 0; i < edit->overlay->entries->nelts; i++) {
        entry_t *entry = APR_ARRAY_IDX(edit->overlay->entries, i, entry_t *);
        if (entry->is_in_text) {
            continue;
        }
        const char *name = si_json_string_encode(pool, entry->name, entry->length);
        push(edit, ",", edit->has_members ? 1 : 0);
        push(edit, name, strlen(name));
        push(edit, ":", 1);
        if (entry->object) {
            edit_object("{}", 2, entry->object, edit->pieces, &edit->not_an_object, &ignored);
        }
        else {
            push(edit, entry->json, strlen(entry->json));
        }
        edit->has_members = 1;
    }
}

static void forget_text(const si_overlay_t *overlay)
{
    int i;

    for (i = 0; i < overlay->entries->nelts; i++) {
        APR_ARRAY_IDX(overlay->entries, i, entry_t *)->is_in_text = 0;
    }
}

/* Pushes the edited object onto pieces; returns the scanner's finding or NULL. */
static const char *edit_object(const char *text, apr_size_t length, si_overlay_t *overlay,
                               apr_array_header_t *pieces, const char **not_an_object,
                               apr_size_t *offset)
{
    edit_t edit = { .overlay = overlay, .pieces = pieces, .rest = text };
    const char *problem;

    forget_text(overlay);
    problem = si_json_scan_object(text, length, edit_member, &edit, offset);
    if (problem) {
        return problem;
    }
    if (!edit.has_members) {
        edit.last_end = (const char *)memchr(text, '{', length) + 1;
    }
    keep_until(&edit, edit.last_end);
    add_missing(&edit);
    keep_until(&edit, text + length);
    if (edit.not_an_object) {
        *not_an_object = edit.not_an_object;
    }
    return NULL;
}

si_edit_status_t si_json_edit(const char *text, apr_size_t length, si_overlay_t *overlay,
                              si_edit_t *edit)
{
    apr_array_header_t *pieces = apr_array_make(overlay->pool, 16, sizeof(struct iovec));
    const char *not_an_object = NULL;

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
