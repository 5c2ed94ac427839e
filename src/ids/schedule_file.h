/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Reads prefetch schedules as `aws mediatailor list-prefetch-schedules` prints them. */
#ifndef SI_SCHEDULE_FILE_H
#define SI_SCHEDULE_FILE_H

#include "ids/schedule.h"

/*
 * Reads the listing's text of length bytes: *schedules (si_prefetch_t). Members that the module has
 * no use for are not looked at. Returns NULL, or what is wrong and where, from pool, as the array
 * is.
 */
const char *si_prefetch_read_listing(apr_pool_t *pool, const char *text, apr_size_t length,
                                     apr_array_header_t **schedules);

/*
 * A time of the listing: "2026-11-22T20:00:00Z", with "+01:00" and a fraction as well, which is cut
 * off (ISO 8601, RFC 3339). Returns 0 where it is none.
 */
int si_prefetch_read_time(const char *text, apr_time_t *time);

#endif
