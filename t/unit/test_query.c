/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Query items are returned as written, and percent-decoding is done exactly once. */
#include "tap.h"

#include "request/query.h"

static const struct {
    const char *name;
    const char *query; /* NULL: none */
    const char *items; /* "[name][value]" for each */
} splits[] = {
    { "none", NULL, "" },
    { "empty", "", "[][]" },
    { "one", "a=1", "[a][1]" },
    { "two", "a=1&b=2", "[a][1][b][2]" },
    { "name without =", "flag", "[flag][]" },
    { "name with nothing after =", "flag=", "[flag][]" },
    { "value with = in it", "ads.kv=a=b", "[ads.kv][a=b]" },
    { "value of ==", "a===", "[a][==]" },
    { "no name", "=v", "[][v]" },
    { "empty items", "&a=1&&b=2&", "[][][a][1][][][b][2][][]" },
    { "only a separator", "&", "[][][][]" },
    { "escapes stay unchanged", "a%3D=%26", "[a%3D][%26]" },
    { "semicolon is not a separator", "a=1;b=2", "[a][1;b=2]" },
    { "question mark is not a separator", "a=1?b=2", "[a][1?b=2]" },
    { "repeated", "a=1&a=2", "[a][1][a][2]" },
};

static void split(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(splits); i++) {
        const char *query = splits[i].query;
        char *copy = query ? exact_copy(query, strlen(query) + 1) : NULL;
        const char *cursor = copy;
        const char *items = "";
        const char *joined = NULL;
        si_query_item_t item;

        while (si_query_next(&cursor, &item)) {
            items = apr_pstrcat(pool, items, "[", apr_pstrmemdup(pool, item.text, item.name_length),
                                "][", apr_pstrmemdup(pool, item.value, item.value_length), "]",
                                NULL);
            joined = apr_pstrcat(pool, joined ? joined : "", joined ? "&" : "",
                                 apr_pstrmemdup(pool, item.text, item.length), NULL);
        }
        is(items, splits[i].items, "items: %s", splits[i].name);
        is(joined, query, "the items joined are the query: %s", splits[i].name);
        free(copy);
    }
}

static const struct {
    const char *name;
    const char *text;
    const char *decoded;
    apr_size_t length;
} decodings[] = {
    { "nothing", "", BYTES("") },
    { "plain", "abc", BYTES("abc") },
    { "a space", "a%20b", BYTES("a b") },
    { "plus is a plus", "a+b", BYTES("a+b") },
    { "escaped plus", "a%2Bb", BYTES("a+b") },
    { "once, not twice", "v%253A1", BYTES("v%3A1") },
    { "once, not twice, of a percent sign", "%2525", BYTES("%25") },
    { "contract row 12: colon", "v%3A1", BYTES("v:1") },
    { "contract row 13: time", "00%3A00%3A21", BYTES("00:00:21") },
    { "hex digits of either case", "%c3%A4%C3%a4", BYTES("\xC3\xA4\xC3\xA4") },
    { "every digit", "%01%23%45%67%89%ab%CD%ef", BYTES("\x01\x23\x45\x67\x89\xAB\xCD\xEF") },
    { "NUL", "a%00b", BYTES("a\0b") },
    { "CR LF", "%0d%0A", BYTES("\r\n") },
    { "percent at the end", "100%", BYTES("100%") },
    { "percent and one digit at the end", "100%4", BYTES("100%4") },
    { "percent without hex digits", "%zz", BYTES("%zz") },
    { "percent and one hex digit", "%4z%z4", BYTES("%4z%z4") },
    { "percent before an escape", "%%41", BYTES("%A") },
    { "three percents", "%%%", BYTES("%%%") },
    { "signs are not digits", "%+1%-1% 1", BYTES("%+1%-1% 1") },
    { "letters after F", "%g0%0G%:0%@0%`0", BYTES("%g0%0G%:0%@0%`0") },
    { "%u is not an escape", "%u0041", BYTES("%u0041") },
    { "raw bytes", "\xC3\xA4", BYTES("\xC3\xA4") },
};

static void decode(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(decodings); i++) {
        const apr_size_t text_length = strlen(decodings[i].text);
        char *text = exact_copy(decodings[i].text, text_length);
        apr_size_t length = 999;
        const char *decoded = si_query_decode(pool, text, text_length, &length);

        free(text);
        is_bytes(decoded, length, decodings[i].decoded, decodings[i].length, "decode: %s",
                 decodings[i].name);
        ok(decoded[length] == '\0', "decode: %s: a NUL follows", decodings[i].name);
    }
}

static void every_byte_escaped(apr_pool_t *pool)
{
    int byte, wrong = 0;

    for (byte = 0; byte < 256; byte++) {
        const char *upper = apr_psprintf(pool, "%%%02X", (unsigned)byte);
        const char *lower = apr_psprintf(pool, "%%%02x", (unsigned)byte);
        apr_size_t length;
        const char *decoded = si_query_decode(pool, lower, 3, &length);

        wrong += length != 1 || (unsigned char)*decoded != byte;
        wrong += si_query_escaped_byte(upper, upper + 3) != byte;
        wrong += si_query_escaped_byte(lower, lower + 3) != byte;
        wrong += si_query_escaped_byte(upper, upper + 2) != -1;
        wrong += si_query_escaped_byte(upper, upper + 1) != -1;
        wrong += si_query_escaped_byte(upper, upper) != -1;
    }
    is_number(
        wrong, 0,
        "each byte's escape, in either case, is that byte, and a truncated one is not an escape");
    const char *plain = "a41";
    is_number(si_query_escaped_byte(plain, plain + 3), -1,
              "text without a percent sign is not an escape");
}

static const struct {
    const char *item;
    const char *name;
    int same;
} names[] = {
    { "aws.streamId=3", "aws.streamId", 1 },
    { "aws.streamId", "aws.streamId", 1 },
    { "aws.streamId=", "aws.streamId", 1 },
    { "aws%2EstreamId=3", "aws.streamId", 1 },
    { "aws%2estreamId=3", "aws.streamId", 1 },
    { "%61%77%73%2E%73%74%72%65%61%6D%49%64=3", "aws.streamId", 1 },
    { "aws.streamI%64=3", "aws.streamId", 1 },
    { "aws.streamid=3", "aws.streamId", 0 },
    { "Aws.streamId=3", "aws.streamId", 0 },
    { "aws.streamId2=3", "aws.streamId", 0 },
    { "aws.stream=3", "aws.streamId", 0 },
    { "aws.streamId%00=3", "aws.streamId", 0 },
    { "aws.streamId%00x=3", "aws.streamId", 0 },
    { "aws%252EstreamId=3", "aws.streamId", 0 },
    { "aws.streamId%3D3", "aws.streamId", 0 },
    { "x=aws.streamId", "aws.streamId", 0 },
    { "aws.streamId%=3", "aws.streamId", 0 },
    { "=3", "aws.streamId", 0 },
    { "", "aws.streamId", 0 },
    { "=3", "", 1 },
    { "%41%4=1", "A%4", 1 }, /* the '=' ends the escape too */
};

static void compare_names(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(names); i++) {
        char *copy = exact_copy(names[i].item, strlen(names[i].item) + 1);
        const char *cursor = copy;
        si_query_item_t item;

        si_query_next(&cursor, &item);
        is_number(si_query_name_is(&item, names[i].name), names[i].same, "'%s' %s '%s'",
                  names[i].item, names[i].same ? "is named" : "is not named", names[i].name);
        free(copy);
    }
}

static int has_value(const char *query)
{
    si_query_item_t item;

    si_query_next(&query, &item);
    return item.value_length > 0;
}

static void controls(apr_pool_t *pool)
{
    int byte, wrong = 0;

    for (byte = 1; byte < 256; byte++) {
        const char *query = apr_psprintf(pool, "a=%cb", byte);
        wrong += si_query_has_control(query) != (byte <= ' ' || byte == 0x7F);
    }
    is_number(wrong, 0, "a space, the bytes below it and DEL are controls, no other byte is");
    ok(!si_query_has_control(""), "controls: the empty query has no control");
    ok(!si_query_has_control("a=%0D%0A%20"), "controls: an escaped control is not one");
    ok(si_query_has_control("\r"), "controls: at the start");
    ok(si_query_has_control("a=b\n"), "controls: at the end");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    split(pool);
    decode(pool);
    every_byte_escaped(pool);
    compare_names();
    ok(has_value("a=1"), "a=1 has a value");
    ok(has_value("a=="), "a== has a value");
    ok(!has_value("a="), "a= has no value");
    ok(!has_value("a"), "a has no value");
    controls(pool);
    return done();
}
