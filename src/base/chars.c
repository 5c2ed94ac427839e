/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "base/chars.h"

#include <apr_lib.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* 16 bytes that are compared at once, with the vector operators of gcc and clang. */
typedef unsigned char block_t __attribute__((vector_size(16)));

/* Sets all bits of each byte that is a control character, and no bits of the others. */
static block_t control_bits(block_t block)
{
    return (block_t)(block < 0x20) | (block_t)(block == 0x7F);
}

int si_has_control(const char *text, apr_size_t length)
{
    block_t found = { 0 };
    block_t block;
    apr_uint64_t halves[2];

    for (; length >= sizeof(block); text += sizeof(block), length -= sizeof(block)) {
        memcpy(&block, text, sizeof(block));
        found |= control_bits(block);
    }
    memset(&block, ' ', sizeof(block));
    memcpy(&block, text, length);
    found |= control_bits(block);
    memcpy(halves, &found, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
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

int si_next_element(const char **list, const char **element, apr_size_t *length)
{
    *element = *list + strspn(*list, ", \t");
    *length = strcspn(*element, ",");
    *list = *element + *length;
    while (*length > 0 && strchr(" \t", (*element)[*length - 1])) {
        --*length;
    }
    return *length > 0;
}

int si_is_port(const char *text)
{
    const long port = strtol(text, NULL, 10);

    return strspn(text, "0123456789") == strlen(text) && port >= 1 && port <= 65535;
}

int si_is_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}
