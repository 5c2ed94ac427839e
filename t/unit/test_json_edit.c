/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* An overlay laid over a JSON object: what it does not name keeps every byte. */
#include "tap.h"

#include "json/json_edit.h"

/* One item to put into the overlay. */
typedef struct {
    const char *object; /* the member whose object it goes into; NULL: top level */
    const char *name;
    const char *json; /* NULL: an empty overlay for object */
} set_t;

#define MAX_SETS 4

static const struct {
    const char *name;
    const char *text;
    set_t sets[MAX_SETS];
    const char *edited;
} rows[] = {
    /* Nothing to do. */
    { "no overlay", " {\"a\" : 1}\n", { { 0 } }, " {\"a\" : 1}\n" },

    /* Added at the end. */
    { "add to an empty object", "{}", { { NULL, "s", "\"3\"" } }, "{\"s\":\"3\"}" },
    { "add to an empty object with space",
      " { } ",
      { { NULL, "s", "\"3\"" } },
      " {\"s\":\"3\" } " },
    { "add after members", "{\"a\":1}", { { NULL, "s", "\"3\"" } }, "{\"a\":1,\"s\":\"3\"}" },
    { "add after a container", "{\"a\":{}}", { { NULL, "s", "\"3\"" } }, "{\"a\":{},\"s\":\"3\"}" },
    { "add in the overlay's order",
      "{\"a\":1}",
      { { NULL, "z", "1" }, { NULL, "b", "2" }, { NULL, "y", "3" } },
      "{\"a\":1,\"z\":1,\"b\":2,\"y\":3}" },
    { "add a name that needs escapes", "{}", { { NULL, "a\"\\b", "1" } }, "{\"a\\\"\\\\b\":1}" },
    { "add the empty name", "{}", { { NULL, "", "1" } }, "{\"\":1}" },

    /* Replaced in place. */
    { "replace", "{\"s\":\"9\"}", { { NULL, "s", "\"3\"" } }, "{\"s\":\"3\"}" },
    { "replace first", "{\"s\":9,\"a\":1}", { { NULL, "s", "\"3\"" } }, "{\"s\":\"3\",\"a\":1}" },
    { "replace among others",
      "{\"a\":1,\"s\":9,\"b\":2}",
      { { NULL, "s", "\"3\"" } },
      "{\"a\":1,\"s\":\"3\",\"b\":2}" },
    { "replace a container",
      "{\"s\":{\"s\":[1,{}]},\"b\":2}",
      { { NULL, "s", "\"3\"" } },
      "{\"s\":\"3\",\"b\":2}" },
    { "replace keeps the white space",
      "{\n  \"a\" : 1 ,\n  \"s\"\t:\t9 ,\n  \"b\" : 2\n}\n",
      { { NULL, "s", "\"3\"" } },
      "{\n  \"a\" : 1 ,\n  \"s\"\t:\t\"3\" ,\n  \"b\" : 2\n}\n" },
    { "replace by decoded name", "{\"\\u0073\":9}", { { NULL, "s", "3" } }, "{\"\\u0073\":3}" },
    { "replace by a longer name, escaped in part",
      "{\"stream\\u0049d\":\"9\"}",
      { { NULL, "streamId", "\"3\"" } },
      "{\"stream\\u0049d\":\"3\"}" },
    { "replace by an escaped pair",
      "{\"\\uD83D\\uDE00\":1}",
      { { NULL, "\xF0\x9F\x98\x80", "3" } },
      "{\"\\uD83D\\uDE00\":3}" },
    { "replace by raw UTF-8",
      "{\"\xC3\xA4\":1}",
      { { NULL, "\xC3\xA4", "3" } },
      "{\"\xC3\xA4\":3}" },
    { "replace the empty name", "{\"\":1}", { { NULL, "", "3" } }, "{\"\":3}" },
    { "the last of two settings",
      "{\"s\":9}",
      { { NULL, "s", "1" }, { NULL, "s", "2" } },
      "{\"s\":2}" },
    { "two replaced, one added",
      "{\"b\":1,\"x\":0,\"a\":2}",
      { { NULL, "a", "\"A\"" }, { NULL, "n", "\"N\"" }, { NULL, "b", "\"B\"" } },
      "{\"b\":\"B\",\"x\":0,\"a\":\"A\",\"n\":\"N\"}" },

    /* Not replaced. */
    { "another case is another name",
      "{\"streamid\":9}",
      { { NULL, "streamId", "3" } },
      "{\"streamid\":9,\"streamId\":3}" },
    { "a longer name is another",
      "{\"streamIdx\":9}",
      { { NULL, "streamId", "3" } },
      "{\"streamIdx\":9,\"streamId\":3}" },
    { "a shorter name is another",
      "{\"streamI\":9}",
      { { NULL, "streamId", "3" } },
      "{\"streamI\":9,\"streamId\":3}" },
    { "a NUL ends no name",
      "{\"streamId\\u0000\":9}",
      { { NULL, "streamId", "3" } },
      "{\"streamId\\u0000\":9,\"streamId\":3}" },
    { "a NUL within a name does not end it",
      "{\"streamId\\u0000x\":9}",
      { { NULL, "streamId", "3" } },
      "{\"streamId\\u0000x\":9,\"streamId\":3}" },
    { "an escaped backslash is one",
      "{\"\\\\u0073\":9}",
      { { NULL, "s", "3" } },
      "{\"\\\\u0073\":9,\"s\":3}" },
    { "a lone surrogate is not the name",
      "{\"\\uD83D\":9}",
      { { NULL, "\xEF\xBF\xBD", "3" } },
      "{\"\\uD83D\":9,\"\xEF\xBF\xBD\":3}" },
    { "deeper ones are others",
      "{\"a\":{\"s\":9},\"b\":[{\"s\":9}]}",
      { { NULL, "s", "3" } },
      "{\"a\":{\"s\":9},\"b\":[{\"s\":9}],\"s\":3}" },
    { "a value is not a name",
      "{\"a\":\"s\",\"b\":\"\\\"s\\\":1\"}",
      { { NULL, "s", "3" } },
      "{\"a\":\"s\",\"b\":\"\\\"s\\\":1\",\"s\":3}" },

    /* Repetitions. */
    { "repeated, side by side", "{\"s\":1,\"s\":2}", { { NULL, "s", "3" } }, "{\"s\":3}" },
    { "repeated, far apart",
      "{\"a\":0,\"s\":1,\"b\":0,\"s\":2,\"c\":0}",
      { { NULL, "s", "3" } },
      "{\"a\":0,\"s\":3,\"b\":0,\"c\":0}" },
    { "repeated, first and last",
      "{\"s\":1,\"a\":0,\"s\":2}",
      { { NULL, "s", "3" } },
      "{\"s\":3,\"a\":0}" },
    { "repeated often",
      "{\"s\":1,\"s\":{},\"s\":[],\"s\":null,\"a\":0,\"s\":\"\"}",
      { { NULL, "s", "3" } },
      "{\"s\":3,\"a\":0}" },
    { "repeated in other spellings",
      "{\"\\u0073\":1,\"s\":2,\"\\u0073\":3}",
      { { NULL, "s", "3" } },
      "{\"\\u0073\":3}" },
    { "repeated, with additions",
      "{\"s\":1,\"s\":2}",
      { { NULL, "n", "0" }, { NULL, "s", "3" } },
      "{\"s\":3,\"n\":0}" },
    { "other names may repeat",
      "{\"a\":1,\"a\":2,\"a\":1}",
      { { NULL, "s", "3" } },
      "{\"a\":1,\"a\":2,\"a\":1,\"s\":3}" },

    /* Unchanged parts are copied exactly. */
    { "numbers, digit for digit",
      "{\"a\":12345678901234567890123,\"b\":1.10,\"c\":1e400,\"d\":-0,\"e\":1E+02}",
      { { NULL, "s", "3" } },
      "{\"a\":12345678901234567890123,\"b\":1.10,\"c\":1e400,\"d\":-0,\"e\":1E+02,\"s\":3}" },
    { "strings, escape for escape",
      "{\"a\":\"\\/\\u002f/\\u00e4\xC3\xA4\\ud83d\\\"\"}",
      { { NULL, "s", "3" } },
      "{\"a\":\"\\/\\u002f/\\u00e4\xC3\xA4\\ud83d\\\"\",\"s\":3}" },
    { "order",
      "{\"z\":1,\"a\":2,\"m\":3}",
      { { NULL, "s", "3" } },
      "{\"z\":1,\"a\":2,\"m\":3,\"s\":3}" },

    /* Objects inside. */
    { "add to an object", "{\"o\":{\"a\":1}}", { { "o", "s", "3" } }, "{\"o\":{\"a\":1,\"s\":3}}" },
    { "add to an empty object inside",
      "{\"o\":{},\"b\":1}",
      { { "o", "s", "3" } },
      "{\"o\":{\"s\":3},\"b\":1}" },
    { "replace in an object",
      "{\"o\":{\"a\":1,\"s\":9,\"b\":2}}",
      { { "o", "s", "3" } },
      "{\"o\":{\"a\":1,\"s\":3,\"b\":2}}" },
    { "replace in an object keeps the white space",
      "{ \"o\" : { \"s\" : 9 } }",
      { { "o", "s", "3" } },
      "{ \"o\" : { \"s\" : 3 } }" },
    { "add the object",
      "{\"a\":1}",
      { { "o", "s", "3" }, { "o", "t", "4" } },
      "{\"a\":1,\"o\":{\"s\":3,\"t\":4}}" },
    { "add the object to an empty one", "{}", { { "o", "s", "3" } }, "{\"o\":{\"s\":3}}" },
    { "an object by decoded name",
      "{\"\\u006f\":{}}",
      { { "o", "s", "3" } },
      "{\"\\u006f\":{\"s\":3}}" },
    { "a member of the object by decoded name",
      "{\"o\":{\"\\u0073\":9}}",
      { { "o", "s", "3" } },
      "{\"o\":{\"\\u0073\":3}}" },
    { "repeated in the object",
      "{\"o\":{\"s\":1,\"a\":0,\"s\":2}}",
      { { "o", "s", "3" } },
      "{\"o\":{\"s\":3,\"a\":0}}" },
    { "an object repeated: the last counts",
      "{\"o\":{\"s\":1},\"a\":0,\"o\":{\"s\":2},\"b\":0}",
      { { "o", "s", "3" } },
      "{\"o\":{\"s\":1},\"a\":0,\"o\":{\"s\":3},\"b\":0}" },
    { "an object repeated often, beside a value",
      "{\"o\":{},\"s\":1,\"o\":{},\"s\":2,\"o\":{}}",
      { { "o", "s", "3" }, { NULL, "s", "4" } },
      "{\"o\":{},\"s\":4,\"o\":{},\"o\":{\"s\":3}}" },
    { "an object of this name deeper",
      "{\"a\":{\"o\":{\"s\":9}}}",
      { { "o", "s", "3" } },
      "{\"a\":{\"o\":{\"s\":9}},\"o\":{\"s\":3}}" },
    { "top level and object",
      "{\"o\":{\"s\":1},\"s\":2}",
      { { NULL, "s", "\"T\"" }, { "o", "s", "\"O\"" } },
      "{\"o\":{\"s\":\"O\"},\"s\":\"T\"}" },
    { "two objects",
      "{\"p\":{\"a\":1}}",
      { { "o", "s", "3" }, { "p", "s", "4" } },
      "{\"p\":{\"a\":1,\"s\":4},\"o\":{\"s\":3}}" },
};

static si_overlay_t *make_overlay(apr_pool_t *pool, const set_t *sets)
{
    si_overlay_t *overlay = si_overlay_make(pool);
    int i;

    for (i = 0; i < MAX_SETS && (sets[i].name || sets[i].object); i++) {
        si_overlay_t *target = sets[i].object ? si_overlay_object(overlay, sets[i].object)
                                              : overlay;
        if (sets[i].json) {
            si_overlay_set(target, sets[i].name, strlen(sets[i].name), sets[i].json);
        }
    }
    return overlay;
}

/* Edits a copy of text that is freed afterwards: the text must outlive only the call. */
static si_edit_status_t edit_copy(const char *text, si_overlay_t *overlay, si_edit_t *edit)
{
    const apr_size_t length = strlen(text);
    char *copy = exact_copy(text, length);
    const si_edit_status_t status = si_json_edit(copy, length, overlay, edit);

    free(copy);
    return status;
}

static void edit_rows(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(rows); i++) {
        si_edit_t edit = { 0 };
        const si_edit_status_t status = edit_copy(rows[i].text, make_overlay(pool, rows[i].sets),
                                                  &edit);

        is_number(status, SI_EDIT_DONE, "done: %s", rows[i].name);
        if (status == SI_EDIT_DONE) {
            is_bytes(edit.text, edit.length, rows[i].edited, strlen(rows[i].edited), "edited: %s",
                     rows[i].name);
            ok(edit.text[edit.length] == '\0', "%s: a NUL follows the text", rows[i].name);
        }
    }
}

static const struct {
    const char *name;
    const char *text;
    set_t sets[MAX_SETS];
    si_edit_status_t status;
    const char *what; /* NULL: any */
} refused[] = {
    { "trailing comma", "{\"a\":1,}", { { NULL, "s", "3" } }, SI_EDIT_BAD_JSON, NULL },
    { "array", "[]", { { NULL, "s", "3" } }, SI_EDIT_BAD_JSON, NULL },
    { "nothing", "", { { NULL, "s", "3" } }, SI_EDIT_BAD_JSON, NULL },
    { "bad JSON after a replaced member",
      "{\"s\":1,\"s\":2,\"o\":{},x",
      { { NULL, "s", "3" }, { "o", "s", "3" } },
      SI_EDIT_BAD_JSON,
      NULL },
    { "an array for an object", "{\"o\":[]}", { { "o", "s", "3" } }, SI_EDIT_NOT_AN_OBJECT, "o" },
    { "a string for an object",
      "{\"o\":\"{}\"}",
      { { "o", "s", "3" } },
      SI_EDIT_NOT_AN_OBJECT,
      "o" },
    { "null for an object", "{\"o\":null}", { { "o", "s", "3" } }, SI_EDIT_NOT_AN_OBJECT, "o" },
    { "true for an object", "{\"o\":true}", { { "o", "s", "3" } }, SI_EDIT_NOT_AN_OBJECT, "o" },
    { "a number for an object", "{\"o\":-1}", { { "o", "s", "3" } }, SI_EDIT_NOT_AN_OBJECT, "o" },
    { "no object, by decoded name",
      "{\"\\u006f\":1}",
      { { "o", "s", "3" } },
      SI_EDIT_NOT_AN_OBJECT,
      "o" },
    { "not an object, but one follows",
      "{\"o\":1,\"o\":{}}",
      { { "o", "s", "3" } },
      SI_EDIT_NOT_AN_OBJECT,
      "o" },
    { "no object, but one before",
      "{\"o\":{},\"o\":1}",
      { { "o", "s", "3" } },
      SI_EDIT_NOT_AN_OBJECT,
      "o" },
    { "not an object, and bad JSON follows",
      "{\"o\":1,}",
      { { "o", "s", "3" } },
      SI_EDIT_BAD_JSON,
      NULL },
};

static void refuse_rows(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(refused); i++) {
        si_edit_t edit = { 0 };
        const si_edit_status_t status = edit_copy(refused[i].text,
                                                  make_overlay(pool, refused[i].sets), &edit);

        is_number(status, refused[i].status, "refused: %s", refused[i].name);
        if (refused[i].what) {
            is(edit.what, refused[i].what, "refused: %s: the member is named", refused[i].name);
        }
        else {
            ok(edit.what && edit.offset <= strlen(refused[i].text), "refused: %s: what and where",
               refused[i].name);
        }
    }
}

static void overlays(apr_pool_t *pool)
{
    si_overlay_t *overlay = si_overlay_make(pool);
    si_edit_t edit;

    ok(si_overlay_object(overlay, "o") == si_overlay_object(overlay, "o"),
       "an object's overlay is made at the first call");

    si_overlay_set(si_overlay_object(overlay, "o"), "a\0b", 3, "1");
    is_number(edit_copy("{\"o\":{\"a\":2,\"a\\u0000b\":2,\"a\\u0000c\":2}}", overlay, &edit),
              SI_EDIT_DONE, "a name with a NUL in it: done");
    is(edit.text, "{\"o\":{\"a\":2,\"a\\u0000b\":1,\"a\\u0000c\":2}}",
       "a name with a NUL in it: edited");
    edit_copy("{}", overlay, &edit);
    is(edit.text, "{\"o\":{\"a\\u0000b\":1}}", "a name with a NUL in it: added");

    /* An edit does not remember anything of the text before. */
    edit_copy("{\"o\":{\"a\\u0000b\":2}}", overlay, &edit);
    edit_copy("{\"x\":0}", overlay, &edit);
    is(edit.text, "{\"x\":0,\"o\":{\"a\\u0000b\":1}}", "an overlay may be laid over another text");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    edit_rows(pool);
    refuse_rows(pool);
    overlays(pool);
    return done();
}
