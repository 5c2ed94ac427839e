/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* One JSON string decoded and encoded: RFC 8259 section 7. */
#include "tap.h"

#include "json/json_scan.h"
#include "json/json_string.h"
#include "json/utf8.h"

static const struct {
    const char *name;
    const char *escaped;
    const char *decoded; /* NULL: it has no UTF-8 form */
    apr_size_t length;
} decodings[] = {
    { "nothing", "", BYTES("") },
    { "plain", "streamId", BYTES("streamId") },
    { "escaped letter", "stream\\u0049d", BYTES("streamId") },
    { "escaped whole", "\\u0073\\u0074\\u0072\\u0065\\u0061\\u006d\\u0049\\u0064",
      BYTES("streamId") },
    { "every short escape", "\\\"\\\\\\/\\b\\f\\n\\r\\t", BYTES("\"\\/\b\f\n\r\t") },
    { "hex digits of either case", "\\u00e4\\u00E4", BYTES("\xC3\xA4\xC3\xA4") },
    { "escape of one byte", "\\u007F", BYTES("\x7F") },
    { "escape of two bytes", "\\u0080\\u07FF", BYTES("\xC2\x80\xDF\xBF") },
    { "escape of three bytes", "\\u0800\\u20ac\\uFFFF",
      BYTES("\xE0\xA0\x80\xE2\x82\xAC\xEF\xBF\xBF") },
    { "around the surrogates", "\\uD7FF\\uE000", BYTES("\xED\x9F\xBF\xEE\x80\x80") },
    { "surrogate pair", "\\uD83D\\uDE00", BYTES("\xF0\x9F\x98\x80") },
    { "surrogate pair in lower case", "\\ud83d\\ude00", BYTES("\xF0\x9F\x98\x80") },
    { "lowest pair", "\\uD800\\uDC00", BYTES("\xF0\x90\x80\x80") },
    { "highest pair", "\\uDBFF\\uDFFF", BYTES("\xF4\x8F\xBF\xBF") },
    { "two pairs", "\\uD83D\\uDE00\\uD83D\\uDE01", BYTES("\xF0\x9F\x98\x80\xF0\x9F\x98\x81") },
    { "U+FFFD is itself", "\\uFFFD", BYTES("\xEF\xBF\xBD") },
    { "escaped NUL", "\\u0000", BYTES("\0") },
    { "escaped NUL inside", "streamId\\u0000x", BYTES("streamId\0x") },
    { "several NULs", "a\\u0000\\u0000b\\u0000", BYTES("a\0\0b\0") },
    { "raw UTF-8", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
      BYTES("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80") },
    { "raw UTF-8 and escapes", "\xC3\xA4\\n\xC3\xA4", BYTES("\xC3\xA4\n\xC3\xA4") },
    { "escaped backslash before u", "\\\\u0041", BYTES("\\u0041") },
    { "escaped backslash before a surrogate's letters", "\\\\uD83D", BYTES("\\uD83D") },
    { "two escaped backslashes and an escape", "\\\\\\\\\\u0041", BYTES("\\\\A") },
    { "single quotes", "'", BYTES("'") },
    { "DEL", "\x7F", BYTES("\x7F") },

    { "lone high surrogate", "\\uD83D", NULL, 0 },
    { "lone high surrogate before text", "\\uD83Dxxxxxx", NULL, 0 },
    { "lone high surrogate before a short escape", "\\uD83D\\nuDE00", NULL, 0 },
    { "lone high surrogate before an escaped backslash", "\\uD83D\\\\uDE00", NULL, 0 },
    { "lone high surrogate before another escape", "\\uD83D\\u0041", NULL, 0 },
    { "lone low surrogate", "\\uDE00", NULL, 0 },
    { "surrogates the wrong way round", "\\uDE00\\uD83D", NULL, 0 },
    { "two high surrogates and a low one", "\\uD83D\\uD83D\\uDE00", NULL, 0 },
    { "a pair and a low one", "\\uD83D\\uDE00\\uDE00", NULL, 0 },
    { "lone surrogate after good text", "good\\u0041\\uDFFF", NULL, 0 },
};

static void decode(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(decodings); i++) {
        const apr_size_t escaped_length = strlen(decodings[i].escaped);
        char *escaped = exact_copy(decodings[i].escaped, escaped_length);
        apr_size_t length = 0;
        const char *decoded = si_json_string_decode(pool, escaped, escaped_length, &length);

        free(escaped);
        is_bytes(decoded, length, decodings[i].decoded, decodings[i].length, "decode: %s",
                 decodings[i].name);
        ok(!decoded || decoded[length] == '\0', "decode: %s: a NUL follows", decodings[i].name);
    }
}

/* The text is only the beginning of a string: decoding does not look for the quote at its end. */
static void decode_by_length(apr_pool_t *pool)
{
    apr_size_t length;
    const char *decoded = si_json_string_decode(pool, "abc\":1}", 3, &length);

    is_bytes(decoded, length, "abc", 3, "decode: no byte beyond the length is read");
}

static const struct {
    const char *name;
    const char *text;
    apr_size_t length;
    const char *encoded; /* NULL: any form that decodes to the same string */
} encodings[] = {
    { "nothing", BYTES(""), "\"\"" },
    { "plain", BYTES("abc"), "\"abc\"" },
    { "a digit", BYTES("10"), "\"10\"" },
    { "slash stays", BYTES("a/b"), "\"a/b\"" },
    { "slash stays beside an escape", BYTES("/\""), "\"/\\\"\"" },
    { "quote", BYTES("a\"b"), "\"a\\\"b\"" },
    { "backslash", BYTES("a\\b"), "\"a\\\\b\"" },
    { "UTF-8", BYTES("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), NULL },
    { "line end", BYTES("a\nb"), NULL },
    { "NUL", BYTES("a\0b"), NULL },
    { "NUL alone", BYTES("\0"), NULL },
    { "CR LF", BYTES("\r\n"), NULL },
    { "DEL", BYTES("\x7F"), NULL },
    { "what ends a string", BYTES("\",\"streamId\":\"9"), NULL },
    { "single quote", BYTES("it's"), NULL },
    { "what looks like an escape", BYTES("\\u0041"), NULL },
    { "markup", BYTES("</script>&"), NULL },
};

/* Whether encoded is a JSON string, according to the scanner. */
static int is_json_string(apr_pool_t *pool, const char *encoded)
{
    const char *object = apr_pstrcat(pool, "{\"a\":", encoded, "}", NULL);
    apr_size_t offset;

    return *encoded == '"' && !si_json_scan_object(object, strlen(object), NULL, NULL, &offset);
}

static int comes_back(apr_pool_t *pool, const char *text, apr_size_t length)
{
    const char *encoded = si_json_string_encode(pool, text, length);
    apr_size_t decoded_length = 0;
    const char *decoded;

    if (!encoded || !is_json_string(pool, encoded)) {
        return 0;
    }
    decoded = si_json_string_decode(pool, encoded + 1, strlen(encoded) - 2, &decoded_length);
    return tap_same(decoded, decoded_length, text, length);
}

static void encode(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(encodings); i++) {
        char *text = exact_copy(encodings[i].text, encodings[i].length);
        const char *encoded = si_json_string_encode(pool, text, encodings[i].length);

        free(text);
        if (encodings[i].encoded) {
            is(encoded, encodings[i].encoded, "encode: %s", encodings[i].name);
        }
        ok(is_json_string(pool, encoded), "encode: %s: is a JSON string", encodings[i].name);
        ok(comes_back(pool, encodings[i].text, encodings[i].length),
           "encode: %s: decodes to itself", encodings[i].name);
    }
}

/* Every character of the basic plane, as an escape and as text. */
static void every_code_unit(apr_pool_t *pool)
{
    int decoding = 0, encoding = 0, surrogates = 0;
    apr_pool_t *scratch;
    unsigned unit;

    apr_pool_create(&scratch, pool);
    for (unit = 0; unit < 0x10000; unit++) {
        const char *escaped = apr_psprintf(scratch, "\\u%04x", unit);
        apr_size_t length = 0;
        const char *decoded = si_json_string_decode(scratch, escaped, 6, &length);

        if (unit >= 0xD800 && unit <= 0xDFFF) {
            surrogates += decoded != NULL;
        }
        else {
            decoding += !decoded || length == 0
                        || si_utf8_sequence(decoded, decoded + length) != length;
            encoding += !decoded || !comes_back(scratch, decoded, length);
        }
        apr_pool_clear(scratch);
    }
    is_number(decoding, 0, "every escape of a character decodes to one character");
    is_number(encoding, 0, "every such character decodes to itself once encoded");
    is_number(surrogates, 0, "no surrogate alone decodes");
}

/* Long enough for any small buffer, with and without escapes. */
static void long_strings(apr_pool_t *pool)
{
    const apr_size_t length = 1024 * 1024;
    char *text = apr_palloc(pool, length);

    memset(text, 'x', length);
    ok(comes_back(pool, text, length), "1 MiB comes back");
    memset(text, '"', length);
    ok(comes_back(pool, text, length), "1 MiB of quotes comes back");
    memset(text, '\0', length);
    ok(comes_back(pool, text, length), "1 MiB of NULs comes back");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    decode(pool);
    decode_by_length(pool);
    encode(pool);
    every_code_unit(pool);
    long_strings(pool);
    return done();
}
