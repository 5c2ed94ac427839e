/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Control characters are found wherever they stand, and nothing else is taken for one. */
#include "tap.h"

#include "base/chars.h"

#define LONGEST 40

/* A text of length bytes of one kind, with another byte at one place. */
static int has_control(unsigned char most, apr_size_t length, apr_size_t place, unsigned char one)
{
    char text[LONGEST];
    int found;

    memset(text, most, sizeof(text));
    if (place < length) {
        text[place] = (char)one;
    }
    char *copy = exact_copy(text, length);
    found = si_has_control(copy, length);
    free(copy);
    return found;
}

static int is_control(unsigned c)
{
    return c < 32 || c == 127;
}

int main(void)
{
    static const unsigned char around[] = { ' ', 'a', '~', 0x80, 0x81, 0xA0, 0xFF };
    apr_size_t length, place, i;
    unsigned c;

    tap_pool();
    for (c = 0; c < 256; c++) {
        int wrong = 0;
        for (i = 0; i < COUNT_OF(around); i++) {
            for (length = 1; length <= LONGEST; length++) {
                for (place = 0; place < length; place++) {
                    wrong += has_control(around[i], length, place, (unsigned char)c)
                             != is_control(c);
                }
            }
        }
        is_number(wrong, 0, "byte %u at every place of every length is %sa control character", c,
                  is_control(c) ? "" : "not ");
    }
    ok(!si_has_control("", 0), "nothing holds none");
    return done();
}
