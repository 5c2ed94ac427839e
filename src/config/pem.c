/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/pem.h"

#include <string.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
/* Also OpenSSL's "TRUSTED CERTIFICATE" and the old "X509 CERTIFICATE". */
#define LABEL "CERTIFICATE-----"

#define BASE64_AND_BLANKS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"

/* The next line of text that begins with marker, or NULL. text is within pem. */
static char *find_line(const char *pem, char *text, const char *marker)
{
    char *line = strstr(text, marker);

    while (line && line != pem && line[-1] != '\n') {
        line = strstr(line + 1, marker);
    }
    return line;
}

/* The length of the line, or of the rest of one, without trailing white space. */
static size_t trimmed_length(const char *line)
{
    size_t length = strcspn(line, "\n");

    while (length > 0 && strchr(" \t\r", line[length - 1])) {
        length--;
    }
    return length;
}

/* Whether line, a BEGIN line, begins a certificate. */
static int is_certificate(const char *line)
{
    const size_t label = strlen(LABEL);
    const size_t length = trimmed_length(line);

    return length > label && memcmp(line + length - label, LABEL, label) == 0;
}

/*
 * Whether a certificate's first and last line have the same label, with only base64 between them.
 */
static int is_sound(const char *first, const char *last)
{
    const char *label = first + strlen(BEGIN);
    const char *last_label = last + strlen(END);
    const size_t length = trimmed_length(label);
    const char *content = first + strcspn(first, "\n");

    return length == trimmed_length(last_label) && memcmp(label, last_label, length) == 0
           && content + strspn(content, BASE64_AND_BLANKS) == last;
}

/* Moves the block that ends with the line last to kept. Returns the byte after its copy. */
static char *keep(char *kept, const char *block, const char *last)
{
    const char *newline = last + strcspn(last, "\n");
    const size_t length = (size_t)(newline - block) + (*newline != '\0');

    memmove(kept, block, length);
    return kept + length;
}

apr_size_t si_pem_keep_certificates(char *pem)
{
    char *kept = pem;
    char *block = find_line(pem, pem, BEGIN);

    while (block) {
        char *next = find_line(pem, block + strlen(BEGIN), BEGIN);
        const char *last = find_line(pem, block, END);
        if (!last || (next && next < last)) {
            return 0;
        }
        if (is_certificate(block)) {
            if (!is_sound(block, last)) {
                return 0;
            }
            kept = keep(kept, block, last);
        }
        block = next;
    }
    memset(kept, 0, strlen(kept)); /* do not leave a private key in memory */
    return (apr_size_t)(kept - pem);
}
