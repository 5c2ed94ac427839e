/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "bytes.h"

#include <apr_lib.h>
#include <stdlib.h>
#include <string.h>

#define EACH(byte) (0x0101010101010101U * (byte))
#define HIGH_BITS EACH(0x80U)

/*
 * Sets the high bit of some byte if one of the eight is a control character, and of none otherwise.
 * What is subtracted borrows from a byte below only where that one is a control character itself.
 */
static apr_uint64_t control_bits(apr_uint64_t word)
{
    const apr_uint64_t below_space = (word - EACH(0x20U)) & ~word;
    const apr_uint64_t without_del = word ^ EACH(0x7FU);
    const apr_uint64_t is_del = (without_del - EACH(0x01U)) & ~without_del;

    return (below_space | is_del) & HIGH_BITS;
}

int si_has_control(const char *text, apr_size_t length)
{
    apr_uint64_t found = 0;
    apr_uint64_t word;

    for (; length >= sizeof(word); text += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, text, sizeof(word));
        found |= control_bits(word);
    }
    word = EACH(' ');
    memcpy(&word, text, length);
    return (found | control_bits(word)) != 0;
}

int si_is_field_value(const char *text, apr_size_t length)
{
    const char *end = text + length;
    const char *tab;

    while ((tab = memchr(text, '\t', (apr_size_t)(end - text)))) {
        if (si_has_control(text, (apr_size_t)(tab - text))) {
            return 0;
        }
        text = tab + 1;
    }
    return !si_has_control(text, (apr_size_t)(end - text));
}

int si_is_token(const char *text, apr_size_t length)
{
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (!apr_isalnum(text[i]) && (!text[i] || !strchr("!#$%&'*+-.^_`|~", text[i]))) {
            return 0;
        }
    }
    return length > 0;
}

int si_is_port(const char *text)
{
    const long port = strtol(text, NULL, 10);

    return strspn(text, "0123456789") == strlen(text) && port >= 1 && port <= 65535;
}
