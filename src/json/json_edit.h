/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Sets members of a JSON object by splicing its text: what is not replaced keeps every byte. Names
 * are compared decoded. The first occurrence of a member that the overlay has is replaced,
 * repetitions of it are dropped, and members that the object lacks are added at its end, in the
 * overlay's order.
 */
#ifndef SI_JSON_EDIT_H
#define SI_JSON_EDIT_H

#include <apr_pools.h>

typedef struct si_overlay_t si_overlay_t;

/* Creates an empty overlay. It and everything that is added to it lives in pool. */
si_overlay_t *si_overlay_make(apr_pool_t *pool);

/*
 * Sets the member name (length bytes, decoded UTF-8) to json, the text of a value. Both must
 * outlive the overlay.
 */
void si_overlay_set(si_overlay_t *overlay, const char *name, apr_size_t length, const char *json);

/*
 * Returns the overlay for the object that is the member name, created by the first call. An
 * existing object is edited, the last one if the name is repeated; if there is none, it is added.
 * Such an overlay holds values only, no further objects.
 */
si_overlay_t *si_overlay_object(si_overlay_t *overlay, const char *name);

typedef enum {
    SI_EDIT_DONE,
    SI_EDIT_BAD_JSON,     /* what = the scanner's error, offset = its position */
    SI_EDIT_NOT_AN_OBJECT /* what = the member that should be an object */
} si_edit_status_t;

typedef struct {
    const char *text; /* NUL-terminated, from the overlay's pool */
    apr_size_t length;
    const char *what;
    apr_size_t offset;
} si_edit_t;

/* Applies overlay to the object text, which may be freed after the call. */
si_edit_status_t si_json_edit(const char *text, apr_size_t length, si_overlay_t *overlay,
                              si_edit_t *edit);

#endif
