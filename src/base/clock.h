/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The monotonic clock. Time limits must not depend on the wall clock, which can jump. */
#ifndef SI_CLOCK_H
#define SI_CLOCK_H

#include <apr_time.h>
#include <pthread.h>
#include <time.h>

static inline apr_interval_time_t si_clock_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (apr_interval_time_t)time.tv_sec * APR_USEC_PER_SEC + time.tv_nsec / 1000;
}

static inline apr_int64_t si_clock_ms(void)
{
    return si_clock_us() / 1000;
}

static inline struct timespec si_clock_timespec(apr_interval_time_t us)
{
    const struct timespec time = { us / APR_USEC_PER_SEC, us % APR_USEC_PER_SEC * 1000 };

    return time;
}

/* Initializes a condition whose timed waits use this clock. */
static inline void si_clock_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

#endif
