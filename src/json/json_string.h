/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Decodes and encodes one JSON string with json-c. json-c is used only here and for schedule files;
 * the scanner needs no library.
 */
#ifndef SI_JSON_STRING_H
#define SI_JSON_STRING_H

#include <apr_pools.h>

/*
 * Decodes the text between the quotes of a valid JSON string. Returns a NUL-terminated copy from
 * pool, with its length in *decoded_length (it may contain an escaped NUL). Returns NULL if the
 * string has no UTF-8 form (a lone surrogate escape) or memory runs out.
 */
const char *si_json_string_decode(apr_pool_t *pool, const char *escaped, apr_size_t length,
                                  apr_size_t *decoded_length);

/*
 * Encodes the length bytes at text, which must be valid UTF-8, as a JSON string with its quotes.
 * The result is NUL-terminated, from pool.
 */
const char *si_json_string_encode(apr_pool_t *pool, const char *text, apr_size_t length);

#endif
