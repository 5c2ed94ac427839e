/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* A unit test's output in the Test Anything Protocol, and helpers that all unit tests use. */
#ifndef TAP_H
#define TAP_H

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_tests, tap_failures;

/* Prints any bytes on one line; '#' would begin a TAP directive. */
static inline void tap_print(const char *text, apr_size_t length)
{
    apr_size_t i;

    for (i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        printf(c < ' ' || c >= 0x7F || c == '#' ? "\\x%02X" : "%c", c);
    }
}

__attribute__((format(printf, 4, 5))) static inline int tap_ok(int passed, const char *file,
                                                               int line, const char *format, ...)
{
    char name[512];
    va_list args;

    va_start(args, format);
    vsnprintf(name, sizeof(name), format, args);
    va_end(args);
    printf("%sok %d - ", passed ? "" : "not ", ++tap_tests);
    tap_print(name, strlen(name));
    printf("\n");
    if (!passed) {
        tap_failures++;
        printf("#   failed at %s line %d\n", file, line);
    }
    return passed;
}

static inline void tap_detail(const char *label, const char *text, apr_size_t length)
{
    printf("#   %s: ", label);
    if (text) {
        tap_print(text, length);
    }
    else {
        printf("(none)");
    }
    printf("\n");
}

static inline int tap_same(const char *got, apr_size_t got_length, const char *expected,
                           apr_size_t expected_length)
{
    return got && expected ? got_length == expected_length && memcmp(got, expected, got_length) == 0
                           : got == expected;
}

/* Each takes the test's name as a printf format and its arguments. */
#define ok(condition, ...) tap_ok(!!(condition), __FILE__, __LINE__, __VA_ARGS__)

#define is_bytes(got, got_length, expected, expected_length, ...)                          \
    do {                                                                                   \
        const char *got_ = (got), *expected_ = (expected);                                 \
        const apr_size_t got_length_ = (got_length), expected_length_ = (expected_length); \
        if (!ok(tap_same(got_, got_length_, expected_, expected_length_), __VA_ARGS__)) {  \
            tap_detail("     got", got_, got_length_);                                     \
            tap_detail("expected", expected_, expected_length_);                           \
        }                                                                                  \
    } while (0)

/* Compares two strings, either of which may be NULL. */
#define is(got, expected, ...)                                          \
    do {                                                                \
        const char *is_got_ = (got), *is_expected_ = (expected);        \
        is_bytes(is_got_, is_got_ ? strlen(is_got_) : 0, is_expected_,  \
                 is_expected_ ? strlen(is_expected_) : 0, __VA_ARGS__); \
    } while (0)

#define is_number(got, expected, ...)                                               \
    do {                                                                            \
        const long long got_ = (long long)(got), expected_ = (long long)(expected); \
        if (!ok(got_ == expected_, __VA_ARGS__)) {                                  \
            printf("#        got: %lld\n#   expected: %lld\n", got_, expected_);    \
        }                                                                           \
    } while (0)

/* Tests whether text, which may be NULL, contains part. */
#define contains(text, part, ...)                                     \
    do {                                                              \
        const char *text_ = (text), *part_ = (part);                  \
        if (!ok(text_ && strstr(text_, part_), __VA_ARGS__)) {        \
            tap_detail("     got", text_, text_ ? strlen(text_) : 0); \
            tap_detail("lacks   ", part_, strlen(part_));             \
        }                                                             \
    } while (0)

/* Prints the plan, which comes last: a program that ends before it has failed. Ends main. */
static inline int done(void)
{
    printf("1..%d\n", tap_tests);
    return tap_failures > 0;
}

/* A string literal and its length, which counts NULs inside. */
#define BYTES(literal) literal, sizeof(literal) - 1

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * How many times slower this machine is than an idle one (script/test measures it), at least 1:
 * time limits are multiplied by it.
 */
static inline int tap_patience(void)
{
    const char *given = getenv("SI_PATIENCE");
    const int patience = given ? atoi(given) : 1;

    return patience > 1 ? patience : 1;
}

static inline apr_pool_t *tap_pool(void)
{
    apr_pool_t *pool;

    setvbuf(stdout, NULL, _IOLBF, 0); /* a reader of the output sees that the test continues */
    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    return pool;
}

/*
 * Counts the entries of a directory, "." and ".." included: the threads or descriptors of this
 * process, to compare.
 */
static inline int count_entries(const char *name)
{
    DIR *directory = opendir(name);
    int count = 0;

    if (!directory) {
        abort();
    }
    while (readdir(directory)) {
        count++;
    }
    closedir(directory);
    return count;
}

/*
 * Returns a copy of exactly length bytes, for free(): a sanitizer reports every byte read beyond
 * it, and every use after it is freed.
 */
static inline char *exact_copy(const char *text, apr_size_t length)
{
    char *copy = malloc(length > 0 ? length : 1);

    if (!copy) {
        abort();
    }
    memcpy(copy, text, length);
    return copy;
}

#endif
