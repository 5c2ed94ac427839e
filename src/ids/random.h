/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Random bytes, fetched from APR by the handful: for each draw it would be a system call. */
#ifndef SI_RANDOM_H
#define SI_RANDOM_H

#include <apr_errno.h>
#include <apr_general.h>

/*
 * length bytes, at most 64, that nobody has had before: a si_random_fn (stream_id.h). Each thread
 * has a store of its own, empty before the first call. A process that has called this must not fork
 * others that do: they would begin with the same store. Returns what APR returned where that is an
 * error.
 */
apr_status_t si_random_bytes(unsigned char *bytes, apr_size_t length);

#endif
