/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* RFC 8259 by its grammar: which texts are one JSON object, and where its members are. */
#include "tap.h"

#include "../fuzz/json_reader.h"
#include "json/json_scan.h"
#include "json_texts.h"

static const char *scan(const text_t *text, apr_size_t *offset)
{
    char *copy = exact_copy(text->text, text->length);
    const char *problem = si_json_scan_object(copy, text->length, NULL, NULL, offset);

    free(copy);
    return problem;
}

static int is_good(const char *text, apr_size_t length)
{
    apr_size_t offset;

    return !si_json_scan_object(text, length, NULL, NULL, &offset);
}

static void judge(void)
{
    apr_size_t offset;
    apr_size_t i;

    for (i = 0; i < COUNT_OF(good); i++) {
        is(scan(&good[i], &offset), NULL, "good: %s", good[i].name);
    }
    for (i = 0; i < COUNT_OF(bad); i++) {
        offset = 999;
        ok(scan(&bad[i], &offset), "bad: %s", bad[i].name);
        ok(offset <= bad[i].length, "bad: %s: found within the text", bad[i].name);
    }
}

/* Every proper prefix of a good text is bad: an object ends with its last brace. */
static void cut_short(void)
{
    apr_size_t i, length, offset;

    for (i = 0; i < COUNT_OF(good); i++) {
        text_t text = good[i];
        apr_size_t end = text.length;
        int wrong = 0;

        while (text.text[end - 1] != '}') {
            end--;
        }
        for (length = 0; length < end; length++) {
            text.length = length;
            wrong += !scan(&text, &offset);
        }
        is_number(wrong, 0, "cut anywhere it is bad: %s", good[i].name);
    }
}

/* Checks all 256 bytes after a backslash, and raw in a string. */
static void every_byte_in_a_string(void)
{
    int byte, wrong = 0;

    for (byte = 0; byte < 256; byte++) {
        char raw[] = "{\"a\":\"?\"}";
        char escaped[] = "{\"a\":\"\\?\"}";

        raw[6] = (char)byte;
        const int is_plain = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
        wrong += is_good(raw, 9) != is_plain;

        escaped[7] = (char)byte;
        const int is_escape = byte && strchr("\"\\/bfnrt", byte);
        wrong += is_good(escaped, 10) != is_escape;
    }
    is_number(wrong, 0, "each byte, raw and after a backslash, is accepted as in the grammar");
}

/* Where a value is required, only white space and the first bytes of values are valid. */
static void every_byte_outside(void)
{
    int byte, wrong = 0;

    for (byte = 0; byte < 256; byte++) {
        char before[] = "?{}";
        char after[] = "{}?";
        char value[] = "{\"a\":?}";
        const int is_space = byte && strchr(" \t\n\r", byte);

        before[0] = after[2] = value[5] = (char)byte;
        wrong += is_good(before, 3) != is_space;
        wrong += is_good(after, 3) != is_space;
        wrong += is_good(value, 7) != (byte >= '0' && byte <= '9');
    }
    is_number(wrong, 0, "each byte around an object and as a value is accepted as in the grammar");
}

/*
 * Builds depth containers inside each other, the outermost an object; pattern repeats: 'o' object,
 * 'a' array.
 */
static const char *nest(apr_pool_t *pool, int depth, const char *pattern)
{
    const apr_size_t period = strlen(pattern);
    const char *head = "{\"a\":", *tail = "}";
    int i;

    for (i = 1; i < depth; i++) {
        const int is_object = pattern[(apr_size_t)i % period] == 'o';
        head = apr_pstrcat(pool, head, is_object ? "{\"a\":" : "[", NULL);
        tail = apr_pstrcat(pool, is_object ? "}" : "]", tail, NULL);
    }
    return apr_pstrcat(pool, head, "1", tail, NULL);
}

static int is_good_nested(apr_pool_t *pool, int depth, const char *pattern)
{
    const char *text = nest(pool, depth, pattern);
    return is_good(text, strlen(text));
}

static void nesting(apr_pool_t *pool)
{
    static const char *const patterns[] = { "o", "a", "oa", "oaa", "ooa" };
    apr_size_t offset;
    apr_size_t i;

    is_number(SI_JSON_MAX_DEPTH, 32, "32 nested containers are allowed");
    for (i = 0; i < COUNT_OF(patterns); i++) {
        ok(is_good_nested(pool, 31, patterns[i]), "31 nested are good: %s", patterns[i]);
        ok(is_good_nested(pool, 32, patterns[i]), "32 nested are good: %s", patterns[i]);
        ok(!is_good_nested(pool, 33, patterns[i]), "33 nested are bad: %s", patterns[i]);
        ok(!is_good_nested(pool, 1000, patterns[i]), "1000 nested are bad: %s", patterns[i]);
    }

    /* Depth counts the containers that are open at once, not all containers. */
    const char *wide = "{\"z\":0";
    for (i = 0; i < 100; i++) {
        wide = apr_pstrcat(pool, wide, ",\"a\":[{},[]]", NULL);
    }
    wide = apr_pstrcat(pool, wide, "}", NULL);
    ok(is_good(wide, strlen(wide)), "300 side by side");

    const char *deep = nest(pool, 31, "a");
    const char *twice = apr_pstrcat(pool, "{\"a\":", deep, ",\"b\":", deep, "}", NULL);
    ok(is_good(twice, strlen(twice)), "32 nested, twice");

    /*
     * A closing bracket must match the container that is open at that depth, also in one used
     * before.
     */
    static const text_t crossed[] = {
        { "crossed at depth 3", BYTES("{\"a\":[{\"b\":1}],\"c\":{\"d\":[1}}}") },
        { "crossed after a deeper one", BYTES("{\"a\":[[[{}]]],\"b\":[{\"c\":[]],1]}") },
        { "name required again after an array", BYTES("{\"a\":[{\"b\":[1],2}]}") },
        { "name not required again after an object", BYTES("{\"a\":[{},\"b\":1]}") },
    };
    for (i = 0; i < COUNT_OF(crossed); i++) {
        ok(scan(&crossed[i], &offset), "bad: %s", crossed[i].name);
    }
}

/*
 * Counts the texts, up to length bytes of an alphabet between before and after, on which the
 * scanner disagrees with the reader that shares no code with it.
 */
static int disagreements(apr_pool_t *pool, const char *before, const char *alphabet, int length,
                         const char *after)
{
    const apr_size_t start = strlen(before), letters = strlen(alphabet);
    char text[32];
    int wrong = 0, count, i;

    memcpy(text, before, start);
    for (count = 0; count <= length; count++) {
        apr_size_t number, all = 1;
        for (i = 0; i < count; i++) {
            all *= letters;
        }
        memcpy(text + start + count, after, strlen(after));
        const apr_size_t end = start + (apr_size_t)count + strlen(after);
        for (number = 0; number < all; number++) {
            apr_size_t rest = number;
            for (i = 0; i < count; i++, rest /= letters) {
                text[start + (apr_size_t)i] = alphabet[rest % letters];
            }
            wrong += is_good(text, end) != (json_read_object(pool, text, end) != NULL);
            apr_pool_clear(pool);
        }
    }
    return wrong;
}

static void short_texts(apr_pool_t *parent)
{
    static const char bytes[] = "\\\"un0\x1F\x7F\xC3\xA9\xE0\xED\xA0\x80\xF4\x8F\xBF";
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    is_number(disagreements(pool, "{\"a\":", "-+01.eE", 6, "}"), 0, "all numbers of 6 bytes");
    is_number(disagreements(pool, "{", "{}[]:,\"1", 6, "}"), 0, "all structures of 6 bytes");
    is_number(disagreements(pool, "", "{}:\"1 \n\v", 6, ""), 0, "all texts of 6 bytes");
    is_number(disagreements(pool, "{\"", bytes, 4, "\":0}"), 0, "all names of 4 bytes");
    is_number(disagreements(pool, "{\"a\":\"\\u", "09afAFg\\u\"", 5, "\"}"), 0,
              "all \\u of 5 bytes");
}

static const struct {
    text_t text;
    apr_size_t offset;
} offsets[] = {
    { { "not an object", BYTES("[]") }, 0 },
    { { "not an object after space", BYTES("  [") }, 2 },
    { { "byte order mark", BYTES("\xEF\xBB\xBF{}") }, 0 },
    { { "trailing comma", BYTES("{\"a\":1,}") }, 7 },
    { { "single quote", BYTES("{\"a\":'b'}") }, 5 },
    { { "leading zero", BYTES("{\"a\":01}") }, 6 },
    { { "raw tab", BYTES("{\"a\":\"x\ty\"}") }, 7 },
    { { "invalid UTF-8", BYTES("{\"a\":\"xy\xFF\"}") }, 8 },
    { { "second object", BYTES("{} {}") }, 3 },
    { { "cut", BYTES("{\"a\":") }, 5 },
};

static void find_offsets(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(offsets); i++) {
        apr_size_t offset = 999;

        scan(&offsets[i].text, &offset);
        is_number(offset, offsets[i].offset, "found at its byte: %s", offsets[i].text.name);
    }
}

typedef struct {
    apr_pool_t *pool;
    const char *list;
} listing_t;

static void list_member(void *baton, const si_json_member_t *member)
{
    listing_t *listing = baton;

    listing->list = apr_pstrcat(listing->pool, listing->list, "[",
                                apr_pstrmemdup(listing->pool, member->name, member->name_length),
                                "]", member->name_has_escapes ? "*" : "", "[",
                                apr_pstrmemdup(listing->pool, member->value, member->value_length),
                                "]", NULL);
}

static const struct {
    const char *name;
    const char *text;
    const char *members; /* "[name][value]", '*' after a name with escapes */
} listings[] = {
    { "none", "{}", "" },
    { "none, with space", " { } ", "" },
    { "one of each kind",
      "{\"n\":-1.50e+3,\"s\":\"x\",\"t\":true,\"f\":false,\"z\":null,\"a\":[1, 2],\"o\":{\"i\":0}}",
      "[n][-1.50e+3][s][\"x\"][t][true][f][false][z][null][a][[1, 2]][o][{\"i\":0}]" },
    { "space around belongs to none", "{ \"a\" : 1 , \"b\" : [ 2 ] , \"c\" : { } }",
      "[a][1][b][[ 2 ]][c][{ }]" },
    { "inner members are not reported", "{\"a\":{\"b\":{\"c\":1}},\"d\":[{\"e\":2}]}",
      "[a][{\"b\":{\"c\":1}}][d][[{\"e\":2}]]" },
    { "the outer name is kept across inner ones", "{\"a\":{\"b\":1,\"c\":[{\"d\":2}]}}",
      "[a][{\"b\":1,\"c\":[{\"d\":2}]}]" },
    { "escapes stay unchanged", "{\"stream\\u0049d\":\"\\u0031\"}",
      "[stream\\u0049d]*[\"\\u0031\"]" },
    { "escaped quote in a name", "{\"a\\\"b\":1}", "[a\\\"b]*[1]" },
    { "escape in a value is none in the name", "{\"a\":\"\\n\",\"b\":1}", "[a][\"\\n\"][b][1]" },
    { "empty name", "{\"\":\"\"}", "[][\"\"]" },
    { "repeated", "{\"a\":1,\"a\":2,\"a\":1}", "[a][1][a][2][a][1]" },
};

static void list_members(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(listings); i++) {
        const apr_size_t length = strlen(listings[i].text);
        char *copy = exact_copy(listings[i].text, length);
        listing_t listing = { pool, "" };
        apr_size_t offset;

        is(si_json_scan_object(copy, length, list_member, &listing, &offset), NULL,
           "members: %s: good", listings[i].name);
        is(listing.list, listings[i].members, "members: %s", listings[i].name);
        free(copy);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    judge();
    cut_short();
    every_byte_in_a_string();
    every_byte_outside();
    nesting(pool);
    short_texts(pool);
    find_offsets();
    list_members(pool);
    return done();
}
