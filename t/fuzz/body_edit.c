/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A POST body with members laid over it: a text that RFC 8259 does not allow is refused, any other
 * becomes itself and the changes. The first byte of the input selects the changes.
 */
#include "changes.h"

#include "json/json_edit.h"

static void set(apr_array_header_t *changes, si_overlay_t *overlay, const char *name,
                const char *json, slice_t meaning)
{
    si_overlay_set(overlay, name, strlen(name), json);
    change_of(changes, slice_of(name))->meaning = meaning;
}

static void add_to_object(apr_array_header_t *changes, si_overlay_t *overlay, const char *name)
{
    apr_array_header_t *below = changes_below(changes, name);
    si_overlay_t *object = si_overlay_object(overlay, name);

    set(below, object, "p", "\"x\\u0000\"", meaning_of_string((slice_t){ "x\0", 2 }));
    set(below, object, "", "true", slice_of("true"));
}

static void choose_changes(apr_array_header_t *changes, si_overlay_t *overlay, int choice)
{
    set(changes, overlay, "streamId", "\"7\"", meaning_of_string(slice_of("7")));
    if (choice & 1) {
        set(changes, overlay, "a", "1.10", slice_of("1.10"));
    }
    if (choice & 2) {
        add_to_object(changes, overlay, "o");
    }
    if (choice & 4) {
        add_to_object(changes, overlay, "adsParams");
    }
}

static void try_input(const char *data, apr_size_t size)
{
    const apr_size_t length = size > 0 ? size - 1 : 0;
    const char *text = bytes_of(size > 0 ? data + 1 : data, length);
    apr_array_header_t *before = json_read_object(fuzz_pool, text, length), *after;
    apr_array_header_t *changes = make_changes();
    si_overlay_t *overlay = si_overlay_make(fuzz_pool);
    si_edit_status_t status;
    si_edit_t edit;

    choose_changes(changes, overlay, size > 0 ? *data : 0);
    status = si_json_edit(text, length, overlay, &edit);
    MUST((status == SI_EDIT_BAD_JSON) == !before);
    if (!before) {
        MUST(edit.what && edit.offset <= length);
        return;
    }
    MUST((status == SI_EDIT_NOT_AN_OBJECT) == !fit(before, changes));
    if (status != SI_EDIT_DONE) {
        return;
    }
    MUST(edit.text[edit.length] == '\0');
    after = json_read_object(fuzz_pool, edit.text, edit.length);
    MUST(after);
    check_changes(before, after, changes);
}
