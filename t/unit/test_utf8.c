/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Well-formed UTF-8: the table of RFC 3629 section 4, and every code point there is. */
#include "tap.h"

#include "json/utf8.h"

static const struct {
    const char *name;
    const char *text;
    apr_size_t length;
    apr_size_t sequence; /* of the first character; 0: ill-formed */
    int valid;           /* the whole */
} rows[] = {
    { "ASCII", BYTES("a"), 1, 1 },
    { "NUL", BYTES("\0"), 1, 1 },
    { "DEL", BYTES("\x7F"), 1, 1 },
    { "U+0080", BYTES("\xC2\x80"), 2, 1 },
    { "U+07FF", BYTES("\xDF\xBF"), 2, 1 },
    { "U+0800", BYTES("\xE0\xA0\x80"), 3, 1 },
    { "U+D7FF", BYTES("\xED\x9F\xBF"), 3, 1 },
    { "U+E000", BYTES("\xEE\x80\x80"), 3, 1 },
    { "U+FEFF", BYTES("\xEF\xBB\xBF"), 3, 1 },
    { "U+FFFF", BYTES("\xEF\xBF\xBF"), 3, 1 },
    { "U+10000", BYTES("\xF0\x90\x80\x80"), 4, 1 },
    { "U+10FFFF", BYTES("\xF4\x8F\xBF\xBF"), 4, 1 },
    { "text follows", BYTES("\xC3\xA4x"), 2, 1 },
    { "several", BYTES("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"), 1, 1 },

    { "continuation alone, low", BYTES("\x80"), 0, 0 },
    { "continuation alone, high", BYTES("\xBF"), 0, 0 },
    { "overlong of two bytes, C0", BYTES("\xC0\x80"), 0, 0 },
    { "overlong slash", BYTES("\xC0\xAF"), 0, 0 },
    { "overlong of two bytes, C1", BYTES("\xC1\xBF"), 0, 0 },
    { "overlong of three bytes", BYTES("\xE0\x9F\xBF"), 0, 0 },
    { "overlong of four bytes", BYTES("\xF0\x8F\xBF\xBF"), 0, 0 },
    { "surrogate D800", BYTES("\xED\xA0\x80"), 0, 0 },
    { "surrogate DFFF", BYTES("\xED\xBF\xBF"), 0, 0 },
    { "U+110000", BYTES("\xF4\x90\x80\x80"), 0, 0 },
    { "F5", BYTES("\xF5\x80\x80\x80"), 0, 0 },
    { "five bytes", BYTES("\xF8\x88\x80\x80\x80"), 0, 0 },
    { "FE", BYTES("\xFE"), 0, 0 },
    { "FF", BYTES("\xFF"), 0, 0 },
    { "two bytes cut after one", BYTES("\xC3"), 0, 0 },
    { "three bytes cut after one", BYTES("\xE2"), 0, 0 },
    { "three bytes cut after two", BYTES("\xE2\x82"), 0, 0 },
    { "four bytes cut after one", BYTES("\xF0"), 0, 0 },
    { "four bytes cut after two", BYTES("\xF0\x9F"), 0, 0 },
    { "four bytes cut after three", BYTES("\xF0\x9F\x98"), 0, 0 },
    { "no continuation in second place", BYTES("\xC3z"), 0, 0 },
    { "no continuation in third place", BYTES("\xE2\x82z"), 0, 0 },
    { "no continuation in fourth place", BYTES("\xF0\x9F\x98z"), 0, 0 },
    { "lead byte for a continuation", BYTES("\xC3\xC3"), 0, 0 },
    { "ill-formed after good text", BYTES("good\xFF"), 1, 0 },
    { "cut after good text", BYTES("good\xC3\xA4\xE2\x82"), 1, 0 },
    { "Latin-1", BYTES("caf\xE9"), 1, 0 },
};

static apr_size_t encode(unsigned long code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

static void every_code_point(void)
{
    unsigned long code, wrong = 0;
    char text[4];

    for (code = 0; code < 0x140000; code++) {
        const apr_size_t length = encode(code, text);
        const int is_scalar = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
        if (si_utf8_sequence(text, text + length) != (is_scalar ? length : 0)) {
            printf("#   U+%04lX is judged wrong\n", code);
            wrong++;
        }
    }
    is_number(wrong, 0, "every scalar value is well-formed, surrogates and higher values are not");
}

int main(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(rows); i++) {
        char *text = exact_copy(rows[i].text, rows[i].length);
        is_number(si_utf8_sequence(text, text + rows[i].length), rows[i].sequence, "sequence: %s",
                  rows[i].name);
        is_number(si_utf8_valid(text, rows[i].length), rows[i].valid, "valid: %s", rows[i].name);
        free(text);
    }
    ok(si_utf8_valid("", 0), "valid: nothing");
    ok(si_utf8_valid("\xFF", 0), "valid: no byte beyond the length is read");
    every_code_point();
    return done();
}
