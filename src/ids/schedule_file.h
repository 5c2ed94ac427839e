/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Reads a schedule file, the output of `aws mediatailor list-prefetch-schedules`. */
#ifndef SI_SCHEDULE_FILE_H
#define SI_SCHEDULE_FILE_H

#include "ids/schedule.h"

/*
 * Reads the text of a schedule file, length bytes long, into *schedules (si_schedule_t), from pool.
 * Members that the module does not use are ignored. Returns NULL or an error message from pool,
 * with the position.
 */
const char *si_schedule_file_read(apr_pool_t *pool, const char *text, apr_size_t length,
                                  apr_array_header_t **schedules);

/*
 * Reads a time as "2026-11-22T20:00:00Z" (ISO 8601, RFC 3339); "+01:00" for "Z" and a fraction,
 * which is cut off, are allowed. Returns 0 if text is not a time.
 */
int si_schedule_read_time(const char *text, apr_time_t *time);

#endif
