/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Reads a small file whole. */
#ifndef SI_FILE_H
#define SI_FILE_H

#include <apr_file_io.h>

/* The largest file that is read. */
#define SI_FILE_MIB 4

/* What info has of a file: enough to see that it was changed or replaced. */
#define SI_FILE_INFO (APR_FINFO_MTIME | APR_FINFO_SIZE | APR_FINFO_IDENT | APR_FINFO_TYPE)

/*
 * Reads the regular file name into *text, from pool, with a NUL after its *length bytes. *info is
 * that of the file that was read. Returns NULL, or what is wrong, from pool: "cannot be read:
 * Permission denied", "not a regular file", "larger than 4 MiB". Does not wait for a pipe.
 */
const char *si_file_read(apr_pool_t *pool, const char *name, apr_finfo_t *info, char **text,
                         apr_size_t *length);

/* "cannot be read: " and the reason, from pool. */
const char *si_file_unreadable(apr_pool_t *pool, apr_status_t rv);

#endif
