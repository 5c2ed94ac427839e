/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The json-c room: one JSON string decoded or encoded. Everything else of JSON needs no library. */
#ifndef SI_JSON_STRING_H
#define SI_JSON_STRING_H

#include <apr_pools.h>

/*
 * Decodes what stands between the quotes of a valid JSON string. Returns a NUL-terminated copy from
 * pool, its bytes counted in *decoded_length (an escaped NUL is one of them); NULL where the string
 * has no UTF-8 form (a lone surrogate escape) or memory ran out.
 */
const char *si_json_string_decode(apr_pool_t *pool, const char *escaped, apr_size_t length,
                                  apr_size_t *decoded_length);

/*
 * Encodes the length bytes at text, which must be valid UTF-8, as a JSON string with its quotes.
 * NUL-terminated, from pool.
 */
const char *si_json_string_encode(apr_pool_t *pool, const char *text, apr_size_t length);

#endif
