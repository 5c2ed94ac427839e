/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What the fuzz targets share. Each defines try_input; script/fuzz builds and runs them with
 * libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <apr_general.h>
#include <apr_pools.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tests one input: MUST checks what is true for every input. */
static void try_input(const char *data, apr_size_t size);

/* Cleared after each input. */
static apr_pool_t *fuzz_pool;

#define MUST(condition)                                                                    \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

/*
 * Replaces APR's pools: every allocation is a malloc of its own, so that AddressSanitizer sees each
 * access beyond one, which in a pool would be within another.
 */
typedef struct block_t {
    _Alignas(max_align_t) struct block_t *next;
} block_t;

static block_t *fuzz_blocks;
static block_t *lasting_blocks; /* APR's own */

void *apr_palloc(apr_pool_t *pool, apr_size_t size)
{
    block_t **blocks = pool == fuzz_pool ? &fuzz_blocks : &lasting_blocks;
    block_t *block = malloc(sizeof(*block) + size);

    if (!block) {
        abort();
    }
    block->next = *blocks;
    *blocks = block;
    return block + 1;
}

static void free_blocks(void)
{
    while (fuzz_blocks) {
        block_t *block = fuzz_blocks;
        fuzz_blocks = block->next;
        free(block);
    }
}

/* Returns the bytes up to the first NUL, as a string. */
static inline const char *string_of(const char *data, apr_size_t size)
{
    const apr_size_t length = strnlen(data, size);
    char *string = apr_palloc(fuzz_pool, length + 1);

    memcpy(string, data, length);
    string[length] = '\0';
    return string;
}

/* Returns a copy that ends at the last byte. */
static inline const char *bytes_of(const char *data, apr_size_t size)
{
    return size > 0 ? memcpy(apr_palloc(fuzz_pool, size), data, size) : apr_palloc(fuzz_pool, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!fuzz_pool) {
        apr_initialize();
        apr_pool_create(&fuzz_pool, NULL);
    }
    try_input((const char *)data, size);
    apr_pool_clear(fuzz_pool);
    free_blocks();
    return 0;
}

#endif
