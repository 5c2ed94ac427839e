/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "bytes.h"

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
