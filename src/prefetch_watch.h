/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The files with prefetch schedules: one thread per child process looks once a second whether they
 * have changed. What a file said last stays in force while it is missing or wrong. Memory lives as
 * long as the process.
 */
#ifndef SI_PREFETCH_WATCH_H
#define SI_PREFETCH_WATCH_H

#include "prefetch.h"

/* Of one server. */
#define SI_PREFETCH_FILES_MAX 32

typedef struct si_prefetch_watch_t si_prefetch_watch_t;

/* What is to be told of a file, once for each change: problem is NULL where count were read. */
typedef void si_prefetch_tell_fn(void *data, const char *file, const char *problem, int count);

/* What is known of a file. */
typedef struct {
    const char *file;
    int count;           /* schedules in force */
    apr_time_t read_at;  /* when they were read; 0 where none were */
    const char *problem; /* of the last look, NULL for none */
} si_prefetch_status_t;

/*
 * Reads files (const char *, each once) and starts the thread, all signals blocked in it. tell is
 * called from here and, with data, from the thread. NULL where memory fails or there is no thread.
 */
si_prefetch_watch_t *si_prefetch_watch_start(const apr_array_header_t *files,
                                             si_prefetch_tell_fn *tell, void *data);

/* Ends the thread. What is known stays. */
void si_prefetch_watch_stop(si_prefetch_watch_t *watch);

/*
 * si_prefetch_eligible with the schedules of some of the files: files holds their count indices
 * among those that were given to the start.
 */
si_stream_id_set_t si_prefetch_watch_eligible(si_prefetch_watch_t *watch, const int *files,
                                              int count, const si_stream_ids_t *ids,
                                              const char *configuration, apr_size_t length,
                                              apr_time_t now);

/* What is known of the file at index; its strings are allocated from pool. */
void si_prefetch_watch_status(si_prefetch_watch_t *watch, int index, apr_pool_t *pool,
                              si_prefetch_status_t *status);

#endif
