/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "base/file.h"

#include <apr_strings.h>

const char *si_file_unreadable(apr_pool_t *pool, apr_status_t rv)
{
    char reason[128];

    return apr_pstrcat(pool, "cannot be read: ", apr_strerror(rv, reason, sizeof(reason)), NULL);
}

static const char *check(apr_pool_t *pool, const apr_finfo_t *info)
{
    if (info->filetype != APR_REG) {
        return "not a regular file";
    }
    return info->size > SI_FILE_MIB * 1024 * 1024
               ? apr_psprintf(pool, "larger than %d MiB", SI_FILE_MIB)
               : NULL;
}

static const char *read_open(apr_pool_t *pool, apr_file_t *file, apr_finfo_t *info, char **text,
                             apr_size_t *length)
{
    apr_status_t rv = apr_file_info_get(info, SI_FILE_INFO, file);
    const char *wrong = rv == APR_SUCCESS ? check(pool, info) : si_file_unreadable(pool, rv);

    if (wrong) {
        return wrong;
    }
    *text = apr_pcalloc(pool, (apr_size_t)info->size + 1);
    rv = apr_file_read_full(file, *text, (apr_size_t)info->size, length);
    return rv == APR_SUCCESS || rv == APR_EOF ? NULL : si_file_unreadable(pool, rv);
}

const char *si_file_read(apr_pool_t *pool, const char *name, apr_finfo_t *info, char **text,
                         apr_size_t *length)
{
    apr_file_t *file;
    apr_status_t rv = apr_stat(info, name, SI_FILE_INFO, pool);
    const char *wrong = rv == APR_SUCCESS ? check(pool, info) : si_file_unreadable(pool, rv);

    if (wrong) {
        return wrong;
    }
    rv = apr_file_open(&file, name, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);
    if (rv != APR_SUCCESS) {
        return si_file_unreadable(pool, rv);
    }
    wrong = read_open(pool, file, info, text, length);
    apr_file_close(file);
    return wrong;
}
