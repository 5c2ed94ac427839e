/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "prefetch_watch.h"

#include "clock.h"
#include "prefetch_listing.h"
#include "thread.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY APR_USEC_PER_SEC
#define LARGEST_FILE (4 * 1024 * 1024)

typedef struct {
    const char *name;
    apr_finfo_t seen; /* as it was when it was looked at last */
    int is_seen;
    apr_pool_t *pool; /* of schedules */
    apr_array_header_t *schedules;
    apr_time_t read_at;
    char *problem; /* malloc'ed */
} file_t;

struct si_prefetch_watch_t {
    si_prefetch_tell_fn *tell;
    void *data;
    file_t *files;
    int count;
    pthread_rwlock_t lock; /* of what the files said */

    pthread_t thread;
    pthread_mutex_t stop_lock;
    pthread_cond_t stop;
    int is_stopping;
};

static apr_pool_t *make_pool(void)
{
    apr_pool_t *pool = NULL;

    apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
    return pool;
}

static int is_same(const apr_finfo_t *a, const apr_finfo_t *b)
{
    return a->mtime == b->mtime && a->size == b->size && a->inode == b->inode
           && a->device == b->device;
}

/* Reads the whole file; returns NULL or what is wrong, from pool. */
static const char *read_file(const file_t *file, apr_pool_t *pool, apr_array_header_t **schedules)
{
    apr_file_t *opened;
    apr_size_t length = (apr_size_t)file->seen.size;
    char reason[128];
    apr_status_t rv;

    if (file->seen.filetype != APR_REG || file->seen.size > LARGEST_FILE) {
        return "it is no file of at most 4 MiB";
    }
    rv = apr_file_open(&opened, file->name, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);
    if (rv == APR_SUCCESS) {
        char *text = apr_palloc(pool, length + 1);
        rv = apr_file_read_full(opened, text, length, &length);
        apr_file_close(opened);
        if (rv == APR_SUCCESS || rv == APR_EOF) {
            return si_prefetch_read_listing(pool, text, length, schedules);
        }
    }
    return apr_pstrcat(pool, "it cannot be read: ", apr_strerror(rv, reason, sizeof(reason)), NULL);
}

/* Puts schedules in force and gives up those that were. */
static void replace(si_prefetch_watch_t *watch, file_t *file, apr_pool_t *pool,
                    apr_array_header_t *schedules)
{
    apr_pool_t *before = file->pool;

    pthread_rwlock_wrlock(&watch->lock);
    file->pool = pool;
    file->schedules = schedules;
    file->read_at = apr_time_now();
    pthread_rwlock_unlock(&watch->lock);
    if (before) {
        apr_pool_destroy(before);
    }
}

/* Notes and tells the file's problem, NULL for none; what has been told is not told again. */
static void note(si_prefetch_watch_t *watch, file_t *file, const char *problem)
{
    char *before = file->problem;

    if (problem && before && strcmp(problem, before) == 0) {
        return;
    }
    pthread_rwlock_wrlock(&watch->lock);
    file->problem = problem ? strdup(problem) : NULL;
    pthread_rwlock_unlock(&watch->lock);
    free(before);
    watch->tell(watch->data, file->name, problem, problem ? 0 : file->schedules->nelts);
}

/* The file has changed since the last look. */
static void reread(si_prefetch_watch_t *watch, file_t *file)
{
    apr_pool_t *pool = make_pool();
    apr_array_header_t *schedules;
    const char *problem;

    if (!pool) {
        return;
    }
    problem = read_file(file, pool, &schedules);
    if (!problem) {
        replace(watch, file, pool, schedules);
        note(watch, file, NULL);
        return;
    }
    note(watch, file, problem);
    apr_pool_destroy(pool);
}

static void look(si_prefetch_watch_t *watch, file_t *file, apr_pool_t *pool)
{
    apr_finfo_t found;
    char reason[128];
    const apr_status_t rv = apr_stat(
        &found, file->name, APR_FINFO_MTIME | APR_FINFO_SIZE | APR_FINFO_IDENT | APR_FINFO_TYPE,
        pool);

    if (rv != APR_SUCCESS) {
        file->is_seen = 0;
        note(watch, file,
             apr_pstrcat(pool, "it cannot be read: ", apr_strerror(rv, reason, sizeof(reason)),
                         NULL));
        return;
    }
    if (!file->is_seen || !is_same(&found, &file->seen)) {
        file->seen = found;
        file->is_seen = 1;
        reread(watch, file);
    }
}

static void look_at_all(si_prefetch_watch_t *watch)
{
    apr_pool_t *pool = make_pool();
    int i;

    if (!pool) {
        return;
    }
    for (i = 0; i < watch->count; i++) {
        look(watch, &watch->files[i], pool);
    }
    apr_pool_destroy(pool);
}

static void *run(void *data)
{
    si_prefetch_watch_t *watch = data;

    pthread_mutex_lock(&watch->stop_lock);
    while (!watch->is_stopping) {
        const struct timespec until = si_clock_timespec(si_clock_us() + LOOK_EVERY);
        if (pthread_cond_timedwait(&watch->stop, &watch->stop_lock, &until) != 0) {
            pthread_mutex_unlock(&watch->stop_lock);
            look_at_all(watch);
            pthread_mutex_lock(&watch->stop_lock);
        }
    }
    pthread_mutex_unlock(&watch->stop_lock);
    return NULL;
}

si_prefetch_watch_t *si_prefetch_watch_start(const apr_array_header_t *files,
                                             si_prefetch_tell_fn *tell, void *data)
{
    si_prefetch_watch_t *watch = calloc(1, sizeof(*watch));
    int i;

    if (!watch || !(watch->files = calloc((size_t)files->nelts, sizeof(*watch->files)))) {
        free(watch);
        return NULL;
    }
    watch->tell = tell;
    watch->data = data;
    watch->count = files->nelts;
    pthread_rwlock_init(&watch->lock, NULL);
    pthread_mutex_init(&watch->stop_lock, NULL);
    si_clock_condition(&watch->stop);
    for (i = 0; i < files->nelts; i++) {
        watch->files[i].name = APR_ARRAY_IDX(files, i, const char *);
    }
    look_at_all(watch);
    if (si_thread_start(&watch->thread, run, watch) != 0) {
        free(watch->files);
        free(watch);
        return NULL;
    }
    return watch;
}

void si_prefetch_watch_stop(si_prefetch_watch_t *watch)
{
    pthread_mutex_lock(&watch->stop_lock);
    watch->is_stopping = 1;
    pthread_cond_signal(&watch->stop);
    pthread_mutex_unlock(&watch->stop_lock);
    pthread_join(watch->thread, NULL);
}

si_stream_id_set_t si_prefetch_watch_eligible(si_prefetch_watch_t *watch, const int *files,
                                              int count, const si_stream_ids_t *ids,
                                              const char *configuration, apr_size_t length,
                                              apr_time_t now)
{
    const apr_array_header_t *lists[SI_PREFETCH_FILES_MAX];
    si_stream_id_set_t eligible;
    int known = 0;
    int i;

    pthread_rwlock_rdlock(&watch->lock);
    for (i = 0; i < count; i++) {
        if (watch->files[files[i]].schedules) {
            lists[known++] = watch->files[files[i]].schedules;
        }
    }
    eligible = si_prefetch_eligible(lists, known, ids, configuration, length, now);
    pthread_rwlock_unlock(&watch->lock);
    return eligible;
}

void si_prefetch_watch_status(si_prefetch_watch_t *watch, int index, apr_pool_t *pool,
                              si_prefetch_status_t *status)
{
    const file_t *file = &watch->files[index];

    pthread_rwlock_rdlock(&watch->lock);
    status->file = file->name;
    status->count = file->schedules ? file->schedules->nelts : 0;
    status->read_at = file->read_at;
    status->problem = file->problem ? apr_pstrdup(pool, file->problem) : NULL;
    pthread_rwlock_unlock(&watch->lock);
}
