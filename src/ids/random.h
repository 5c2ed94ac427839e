/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Random bytes from a per-thread buffer: apr_generate_random_bytes() makes a system call each time.
 */
#ifndef SI_RANDOM_H
#define SI_RANDOM_H

#include <apr_errno.h>
#include <apr_general.h>

/*
 * Fills bytes with length random bytes, at most 64; no byte is given out twice. It is a
 * si_random_fn (stream_id.h). Each thread has its own buffer, empty before the first call. A
 * process that has called this must not fork children that call it too: they would start with the
 * same buffer. Returns the error of APR, if any.
 */
apr_status_t si_random_bytes(unsigned char *bytes, apr_size_t length);

#endif
