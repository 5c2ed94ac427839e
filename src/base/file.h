/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Reads a whole small file. */
#ifndef SI_FILE_H
#define SI_FILE_H

#include <apr_file_io.h>

/* The largest file that is read, in MiB. */
#define SI_FILE_MIB 4

/* What is read into info: enough to detect that the file was changed or replaced. */
#define SI_FILE_INFO (APR_FINFO_MTIME | APR_FINFO_SIZE | APR_FINFO_IDENT | APR_FINFO_TYPE)

/*
 * Reads the regular file name into *text, from pool, with a NUL after its *length bytes. *info
 * describes the file that was read. Returns NULL or an error message from pool: "cannot be read:
 * Permission denied", "not a regular file", "larger than 4 MiB". Does not block on a pipe.
 */
const char *si_file_read(apr_pool_t *pool, const char *name, apr_finfo_t *info, char **text,
                         apr_size_t *length);

/* Returns "cannot be read: " and the reason, from pool. */
const char *si_file_unreadable(apr_pool_t *pool, apr_status_t rv);

#endif
