/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Control characters are found at any position, and no other character counts as one. */
#include "tap.h"

#include "base/chars.h"

#define LONGEST 40

/* Returns a text of length bytes of one kind, with another byte at one position. */
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

static const struct {
    const char *list, *elements; /* each in brackets */
} lists[] = {
    { "", "" },
    { ", ,\t,", "" },
    { "a", "[a]" },
    { " a\t", "[a]" },
    { "a,b", "[a][b]" },
    { ",a ,, \tb c ,", "[a][b c]" },
    { "192.0.2.1, [2001:db8::1]:443 ,", "[192.0.2.1][[2001:db8::1]:443]" },
};

static void list_elements(void)
{
    apr_pool_t *pool = tap_pool();
    apr_size_t i;

    for (i = 0; i < COUNT_OF(lists); i++) {
        const char *list = lists[i].list, *element, *found = "";
        apr_size_t length;

        while (si_next_element(&list, &element, &length)) {
            found = apr_pstrcat(pool, found, "[", apr_pstrmemdup(pool, element, length), "]", NULL);
        }
        is(found, lists[i].elements, "elements of '%s'", lists[i].list);
    }
}

static void addresses(void)
{
    ok(si_is_address("192.0.2.1"), "an IPv4 address");
    ok(si_is_address("2001:db8::1"), "an IPv6 address");
    ok(!si_is_address("[2001:db8::1]"), "an address in brackets is not a bare one");
    ok(!si_is_address("192.0.2.1:80"), "an address with a port is not a bare one");
    ok(!si_is_address("example.com"), "a name is not an address");
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
    list_elements();
    addresses();
    return done();
}
