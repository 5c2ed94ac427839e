/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* RFC 8259 by its grammar: what is one JSON object, and where its members are. */
#include "tap.h"

#include "json_scan.h"

typedef struct {
    const char *name;
    const char *text;
    apr_size_t length;
} text_t;

static const text_t good[] = {
    /* Section 2: structure and white space. */
    { "empty object", BYTES("{}") },
    { "white space around and inside", BYTES(" \t\n\r{ \t\n\r} \t\n\r") },
    { "one member", BYTES("{\"a\":1}") },
    { "white space everywhere", BYTES("\n{\r\"a\"\t:\n1 ,\r\n\"b\" : [ 1 , 2 ] , \"c\":{ } }\n") },
    { "no white space", BYTES("{\"a\":1,\"b\":[1,2],\"c\":{}}") },
    { "last byte is the brace", BYTES("{\"a\":{\"b\":[{}]}}") },

    /* Section 3: values. */
    { "the three words", BYTES("{\"a\":true,\"b\":false,\"c\":null}") },
    { "empty array", BYTES("{\"a\":[]}") },
    { "empty array with space", BYTES("{\"a\":[ ]}") },
    { "mixed array", BYTES("{\"a\":[null,1,\"1\",{},[],true]}") },
    { "array of arrays", BYTES("{\"a\":[[],[[]],[[],[]]]}") },
    { "object of objects", BYTES("{\"a\":{\"b\":{\"c\":{}},\"d\":{}}}") },
    { "MediaTailor's request",
      BYTES("{\"adsParams\":{\"device\":\"smartphone\"},\"streamId\":\"3\"}") },

    /* Section 4: names. */
    { "empty name", BYTES("{\"\":0}") },
    { "repeated names", BYTES("{\"a\":1,\"a\":2}") },
    { "repeated names and values", BYTES("{\"a\":1,\"a\":1}") },
    { "escaped name", BYTES("{\"\\u0061\\n\":0}") },
    { "escaped NUL in a name", BYTES("{\"a\\u0000b\":0}") },

    /* Section 6: numbers. */
    { "zero", BYTES("{\"a\":0}") },
    { "minus zero", BYTES("{\"a\":-0}") },
    { "one digit", BYTES("{\"a\":7}") },
    { "negative", BYTES("{\"a\":-123}") },
    { "beyond 64 bits", BYTES("{\"a\":12345678901234567890123}") },
    { "fraction", BYTES("{\"a\":1.10}") },
    { "zero and fraction", BYTES("{\"a\":0.0}") },
    { "minus zero and fraction", BYTES("{\"a\":-0.000000000000000000001}") },
    { "exponent", BYTES("{\"a\":1e2}") },
    { "exponent of either case and sign", BYTES("{\"a\":[1E2,1e+2,1E-2,0e0,0E+0,1.5e00]}") },
    { "beyond a double", BYTES("{\"a\":1e400}") },
    { "number before a space", BYTES("{\"a\":1 }") },
    { "number at an array's end", BYTES("{\"a\":[-1]}") },

    /* Section 7: strings. */
    { "empty string", BYTES("{\"a\":\"\"}") },
    { "every escape", BYTES("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"}") },
    { "hex digits of either case", BYTES("{\"a\":\"\\uabCD\\uEf01\\u2345\\u6789\"}") },
    { "escaped NUL", BYTES("{\"a\":\"\\u0000\"}") },
    { "escaped controls", BYTES("{\"a\":\"\\u0001\\u001F\\u007f\"}") },
    { "surrogate pair", BYTES("{\"a\":\"\\uD83D\\uDE00\"}") },
    { "lone high surrogate", BYTES("{\"a\":\"\\uD83D\"}") },
    { "lone low surrogate", BYTES("{\"a\":\"\\uDE00\"}") },
    { "surrogates the wrong way round", BYTES("{\"a\":\"\\uDE00\\uD83D\"}") },
    { "lone surrogate in a name", BYTES("{\"\\uD83D\":0}") },
    { "brackets, commas and colons in a string", BYTES("{\"a\":\"}],:{[//\"}") },
    { "escaped quote at the end", BYTES("{\"a\":\"\\\"\"}") },
    { "escaped backslash at the end", BYTES("{\"a\":\"\\\\\"}") },
    { "DEL is no control character here", BYTES("{\"a\":\"\x7F\"}") },
    { "line separator U+2028", BYTES("{\"a\":\"\xE2\x80\xA8\"}") },
    { "non-character U+FFFF", BYTES("{\"a\":\"\xEF\xBF\xBF\"}") },
    { "byte order mark inside a string", BYTES("{\"a\":\"\xEF\xBB\xBF\"}") },

    /* Section 8: UTF-8 of each length. */
    { "two bytes", BYTES("{\"\xC3\xA4\":\"\xC3\xA4\"}") },
    { "three bytes", BYTES("{\"\xE2\x82\xAC\":\"\xE2\x82\xAC\"}") },
    { "four bytes", BYTES("{\"\xF0\x9F\x98\x80\":\"\xF0\x9F\x98\x80\"}") },
    { "the last of Unicode", BYTES("{\"a\":\"\xF4\x8F\xBF\xBF\"}") },
};

static const text_t bad[] = {
    /* Not an object. */
    { "nothing", BYTES("") },
    { "white space alone", BYTES(" \n") },
    { "array", BYTES("[]") },
    { "array of an object", BYTES("[{}]") },
    { "string", BYTES("\"a\"") },
    { "number", BYTES("1") },
    { "true", BYTES("true") },
    { "null", BYTES("null") },
    { "a query", BYTES("a=1&b=2") },

    /* Structure. */
    { "open object", BYTES("{") },
    { "open object and space", BYTES("{ ") },
    { "closed too often", BYTES("{}}") },
    { "closing alone", BYTES("}") },
    { "closed by a bracket", BYTES("{]") },
    { "array closed by a brace", BYTES("{\"a\":[}}") },
    { "array closed by a brace behind a value", BYTES("{\"a\":[1}}") },
    { "object closed by a bracket behind a value", BYTES("{\"a\":{\"b\":1]}") },
    { "array left open", BYTES("{\"a\":[1}") },
    { "array cut", BYTES("{\"a\":[1") },
    { "array cut behind a comma", BYTES("{\"a\":[1,") },
    { "inner object left open", BYTES("{\"a\":{\"b\":1}") },
    { "cut in a name", BYTES("{\"a") },
    { "cut behind a name", BYTES("{\"a\"") },
    { "cut behind a colon", BYTES("{\"a\":") },
    { "cut behind a value", BYTES("{\"a\":1") },
    { "cut behind a comma", BYTES("{\"a\":1,") },
    { "no colon", BYTES("{\"a\" 1}") },
    { "equals for a colon", BYTES("{\"a\"=1}") },
    { "two colons", BYTES("{\"a\"::1}") },
    { "comma for a colon", BYTES("{\"a\",1}") },
    { "name alone", BYTES("{\"a\"}") },
    { "no value", BYTES("{\"a\":}") },
    { "no value before a comma", BYTES("{\"a\":,\"b\":1}") },
    { "no comma", BYTES("{\"a\":1 \"b\":2}") },
    { "no comma in an array", BYTES("{\"a\":[1 2]}") },
    { "no comma between containers", BYTES("{\"a\":[[][]]}") },
    { "no comma behind a container", BYTES("{\"a\":{}\"b\":1}") },
    { "semicolon for a comma", BYTES("{\"a\":1;\"b\":2}") },
    { "colon in an array", BYTES("{\"a\":[\"b\":1]}") },
    { "member in an array", BYTES("{\"a\":[1,\"b\":1]}") },
    { "trailing comma in an object", BYTES("{\"a\":1,}") },
    { "trailing comma and space in an object", BYTES("{\"a\":1, }") },
    { "trailing comma in an array", BYTES("{\"a\":[1,]}") },
    { "trailing comma behind a container", BYTES("{\"a\":{},}") },
    { "leading comma in an object", BYTES("{,\"a\":1}") },
    { "leading comma in an array", BYTES("{\"a\":[,1]}") },
    { "comma alone in an object", BYTES("{,}") },
    { "comma alone in an array", BYTES("{\"a\":[,]}") },
    { "two commas in an object", BYTES("{\"a\":1,,\"b\":2}") },
    { "two commas in an array", BYTES("{\"a\":[1,,2]}") },
    { "value for a name", BYTES("{1:1}") },
    { "unquoted name", BYTES("{a:1}") },
    { "null for a name", BYTES("{null:1}") },
    { "container for a name", BYTES("{{}:1}") },
    { "array for a name", BYTES("{[]:1}") },

    /* Trailing bytes. */
    { "a second object", BYTES("{}{}") },
    { "a second object behind a space", BYTES("{} {}") },
    { "a comma behind", BYTES("{},") },
    { "a word behind", BYTES("{}x") },
    { "NUL behind", BYTES("{}\0") },
    { "NUL and more behind", BYTES("{\"a\":1}\0{\"streamId\":\"9\"}") },
    { "byte order mark behind", BYTES("{}\xEF\xBB\xBF") },
    { "comment behind", BYTES("{}//") },

    /* What others let pass. */
    { "byte order mark", BYTES("\xEF\xBB\xBF{}") },
    { "byte order mark behind a space", BYTES(" \xEF\xBB\xBF{}") },
    { "UTF-16 with a byte order mark", BYTES("\xFF\xFE{\0}\0") },
    { "UTF-16", BYTES("{\0}\0") },
    { "single-quoted value", BYTES("{\"a\":'b'}") },
    { "single-quoted name", BYTES("{'a':1}") },
    { "AWS's own example, single-quoted", BYTES("{'streamId':'1','reportingMode':'client'}") },
    { "backquoted value", BYTES("{\"a\":`b`}") },
    { "typographic quotes", BYTES("{\"a\":\xE2\x80\x9C"
                                  "b\xE2\x80\x9D}") },
    { "NaN", BYTES("{\"a\":NaN}") },
    { "nan", BYTES("{\"a\":nan}") },
    { "-NaN", BYTES("{\"a\":-NaN}") },
    { "Infinity", BYTES("{\"a\":Infinity}") },
    { "-Infinity", BYTES("{\"a\":-Infinity}") },
    { "inf", BYTES("{\"a\":inf}") },
    { "undefined", BYTES("{\"a\":undefined}") },
    { "True", BYTES("{\"a\":True}") },
    { "TRUE", BYTES("{\"a\":TRUE}") },
    { "NULL", BYTES("{\"a\":NULL}") },
    { "None", BYTES("{\"a\":None}") },
    { "truth", BYTES("{\"a\":truth}") },
    { "true with more", BYTES("{\"a\":truex}") },
    { "nulll", BYTES("{\"a\":nulll}") },
    { "tru", BYTES("{\"a\":tru}") },
    { "tru, cut", BYTES("{\"a\":tru") },
    { "nul, cut", BYTES("{\"a\":nul") },
    { "fals, cut", BYTES("{\"a\":fals") },
    { "line comment", BYTES("{//x\n}") },
    { "block comment", BYTES("{/*x*/}") },
    { "block comment before", BYTES("/*x*/{}") },
    { "comment behind a value", BYTES("{\"a\":1/*x*/}") },
    { "hash comment", BYTES("#x\n{}") },
    { "form feed for white space", BYTES("{\f}") },
    { "vertical tab for white space", BYTES("{\v}") },
    { "no-break space for white space", BYTES("{\xC2\xA0}") },
    { "NUL for white space", BYTES("{\0}") },
    { "NUL before", BYTES("\0{}") },

    /* Numbers. */
    { "no digit", BYTES("{\"a\":-}") },
    { "minus, cut", BYTES("{\"a\":-") },
    { "plus", BYTES("{\"a\":+1}") },
    { "two signs", BYTES("{\"a\":--1}") },
    { "minus and space", BYTES("{\"a\":- 1}") },
    { "leading zero", BYTES("{\"a\":01}") },
    { "leading zeros", BYTES("{\"a\":00}") },
    { "leading zero of a negative", BYTES("{\"a\":-01}") },
    { "leading zero before a fraction", BYTES("{\"a\":00.1}") },
    { "no integer part", BYTES("{\"a\":.5}") },
    { "no integer part of a negative", BYTES("{\"a\":-.5}") },
    { "no fraction digit", BYTES("{\"a\":1.}") },
    { "no fraction digit, cut", BYTES("{\"a\":1.") },
    { "no fraction digit before an exponent", BYTES("{\"a\":1.e2}") },
    { "two points", BYTES("{\"a\":1.2.3}") },
    { "comma for a point", BYTES("{\"a\":1,5}") },
    { "no exponent digit", BYTES("{\"a\":1e}") },
    { "no exponent digit, cut", BYTES("{\"a\":1e") },
    { "no exponent digit behind a sign", BYTES("{\"a\":1e+}") },
    { "two exponent signs", BYTES("{\"a\":1e+-1}") },
    { "two exponents", BYTES("{\"a\":1e2e3}") },
    { "fraction in an exponent", BYTES("{\"a\":1e2.5}") },
    { "exponent alone", BYTES("{\"a\":e2}") },
    { "hexadecimal", BYTES("{\"a\":0x10}") },
    { "digit separator", BYTES("{\"a\":1_000}") },
    { "suffix", BYTES("{\"a\":1f}") },
    { "space in a number", BYTES("{\"a\":1 000}") },
    { "full-width digit", BYTES("{\"a\":\xEF\xBC\x91}") },

    /* Strings. */
    { "no end", BYTES("{\"a\":\"b}") },
    { "ends amid an escape", BYTES("{\"a\":\"\\") },
    { "escaped end", BYTES("{\"a\":\"b\\\"}") },
    { "unknown escape", BYTES("{\"a\":\"\\x41\"}") },
    { "escaped single quote", BYTES("{\"a\":\"\\'\"}") },
    { "escape of upper case", BYTES("{\"a\":\"\\N\"}") },
    { "\\a", BYTES("{\"a\":\"\\a\"}") },
    { "\\0", BYTES("{\"a\":\"\\0\"}") },
    { "\\v", BYTES("{\"a\":\"\\v\"}") },
    { "\\e", BYTES("{\"a\":\"\\e\"}") },
    { "\\U", BYTES("{\"a\":\"\\U0041\"}") },
    { "escaped NUL byte", BYTES("{\"a\":\"\\\0\"}") },
    { "escaped line end", BYTES("{\"a\":\"\\\n\"}") },
    { "escaped byte of UTF-8", BYTES("{\"a\":\"\\\xC3\xA4\"}") },
    { "\\u with three digits", BYTES("{\"a\":\"\\u004\"}") },
    { "\\u with no digit", BYTES("{\"a\":\"\\u\"}") },
    { "\\u with a letter beyond F", BYTES("{\"a\":\"\\u00G1\"}") },
    { "\\u with a sign", BYTES("{\"a\":\"\\u+041\"}") },
    { "\\u with a space", BYTES("{\"a\":\"\\u 041\"}") },
    { "\\u with braces", BYTES("{\"a\":\"\\u{41}\"}") },
    { "\\u, cut", BYTES("{\"a\":\"\\u00") },
    { "raw tab", BYTES("{\"a\":\"\t\"}") },
    { "raw line end", BYTES("{\"a\":\"\n\"}") },
    { "raw carriage return", BYTES("{\"a\":\"\r\"}") },
    { "raw NUL", BYTES("{\"a\":\"\0\"}") },
    { "raw unit separator", BYTES("{\"a\":\"\x1F\"}") },
    { "raw control in a name", BYTES("{\"a\tb\":1}") },
    { "unknown escape in a name", BYTES("{\"\\x\":1}") },

    /* UTF-8. */
    { "Latin-1", BYTES("{\"a\":\"\xE9\"}") },
    { "Latin-1 in a name", BYTES("{\"\xE9\":1}") },
    { "continuation alone", BYTES("{\"a\":\"\x80\"}") },
    { "overlong", BYTES("{\"a\":\"\xC0\xAF\"}") },
    { "overlong quote", BYTES("{\"a\":\"\xC0\xA2}") },
    { "surrogate as bytes", BYTES("{\"a\":\"\xED\xA0\x80\"}") },
    { "surrogate pair as bytes", BYTES("{\"a\":\"\xED\xA0\xBD\xED\xB8\x80\"}") },
    { "above Unicode", BYTES("{\"a\":\"\xF4\x90\x80\x80\"}") },
    { "FF", BYTES("{\"a\":\"\xFF\"}") },
    { "sequence cut by the quote", BYTES("{\"a\":\"\xE2\x82\"}") },
    { "sequence cut by the end", BYTES("{\"a\":\"\xE2\x82") },
    { "UTF-8 outside a string", BYTES("{\"a\":\xC3\xA4}") },
    { "invalid deep inside", BYTES("{\"a\":[{\"b\":[\"\xFF\"]}]}") },
};

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

/* Of a good text every proper beginning is bad: an object ends with its last brace. */
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

/* All that the 256 bytes can be behind a backslash, and raw in a string. */
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
    is_number(wrong, 0, "each byte, raw and behind a backslash, is judged as the grammar says");
}

/* Where a value must be, only white space and the first bytes of values may stand. */
static void every_byte_outside(void)
{
    int byte, wrong = 0;

    for (byte = 0; byte < 256; byte++) {
        char before[] = "?{}";
        char behind[] = "{}?";
        char value[] = "{\"a\":?}";
        const int is_space = byte && strchr(" \t\n\r", byte);

        before[0] = behind[2] = value[5] = (char)byte;
        wrong += is_good(before, 3) != is_space;
        wrong += is_good(behind, 3) != is_space;
        wrong += is_good(value, 7) != (byte >= '0' && byte <= '9');
    }
    is_number(wrong, 0, "each byte around an object and as a value is judged as the grammar says");
}

/* depth containers inside each other, the outermost an object; pattern repeats: 'o' object, 'a'
 * array. */
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

    /* Depth is what is open at once, not what there is. */
    const char *wide = "{\"z\":0";
    for (i = 0; i < 100; i++) {
        wide = apr_pstrcat(pool, wide, ",\"a\":[{},[]]", NULL);
    }
    wide = apr_pstrcat(pool, wide, "}", NULL);
    ok(is_good(wide, strlen(wide)), "300 side by side");

    const char *deep = nest(pool, 31, "a");
    const char *twice = apr_pstrcat(pool, "{\"a\":", deep, ",\"b\":", deep, "}", NULL);
    ok(is_good(twice, strlen(twice)), "32 nested, twice");

    /* A closing bracket must fit the container that is open at that depth, also in one used before.
     */
    static const text_t crossed[] = {
        { "crossed at depth 3", BYTES("{\"a\":[{\"b\":1}],\"c\":{\"d\":[1}}}") },
        { "crossed behind a deeper one", BYTES("{\"a\":[[[{}]]],\"b\":[{\"c\":[]],1]}") },
        { "name wanted again behind an array", BYTES("{\"a\":[{\"b\":[1],2}]}") },
        { "no name wanted again behind an object", BYTES("{\"a\":[{},\"b\":1]}") },
    };
    for (i = 0; i < COUNT_OF(crossed); i++) {
        ok(scan(&crossed[i], &offset), "bad: %s", crossed[i].name);
    }
}

static const struct {
    text_t text;
    apr_size_t offset;
} offsets[] = {
    { { "not an object", BYTES("[]") }, 0 },
    { { "not an object behind space", BYTES("  [") }, 2 },
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
    const char *members; /* "[name][value]", '*' behind a name with escapes */
} listings[] = {
    { "none", "{}", "" },
    { "none, with space", " { } ", "" },
    { "one of each kind",
      "{\"n\":-1.50e+3,\"s\":\"x\",\"t\":true,\"f\":false,\"z\":null,\"a\":[1, 2],\"o\":{\"i\":0}}",
      "[n][-1.50e+3][s][\"x\"][t][true][f][false][z][null][a][[1, 2]][o][{\"i\":0}]" },
    { "space around belongs to none", "{ \"a\" : 1 , \"b\" : [ 2 ] , \"c\" : { } }",
      "[a][1][b][[ 2 ]][c][{ }]" },
    { "inner members are not told", "{\"a\":{\"b\":{\"c\":1}},\"d\":[{\"e\":2}]}",
      "[a][{\"b\":{\"c\":1}}][d][[{\"e\":2}]]" },
    { "the outer name is kept across inner ones", "{\"a\":{\"b\":1,\"c\":[{\"d\":2}]}}",
      "[a][{\"b\":1,\"c\":[{\"d\":2}]}]" },
    { "escapes stay as they stand", "{\"stream\\u0049d\":\"\\u0031\"}",
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
    find_offsets();
    list_members(pool);
    return done();
}
