/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "json/utf8.h"

static int is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

apr_size_t si_utf8_sequence(const char *text, const char *end)
{
    const unsigned char *p = (const unsigned char *)text;
    const apr_size_t left = (apr_size_t)(end - text);

    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        return left >= 2 && is_continuation(p[1]) ? 2 : 0;
    }
    if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        if (left < 3 || !is_continuation(p[1]) || !is_continuation(p[2])) {
            return 0;
        }
        const int overlong = p[0] == 0xE0 && p[1] < 0xA0;
        const int surrogate = p[0] == 0xED && p[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        if (left < 4 || !is_continuation(p[1]) || !is_continuation(p[2])
            || !is_continuation(p[3])) {
            return 0;
        }
        const int overlong = p[0] == 0xF0 && p[1] < 0x90;
        const int too_high = p[0] == 0xF4 && p[1] > 0x8F;
        return overlong || too_high ? 0 : 4;
    }
    return 0;
}

int si_utf8_valid(const char *text, apr_size_t length)
{
    const char *end = text + length;

    while (text < end) {
        apr_size_t step = si_utf8_sequence(text, end);
        if (step == 0) {
            return 0;
        }
        text += step;
    }
    return 1;
}
