/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The files with prefetch schedules: one thread per child process looks once a second whether they
 * have changed. What a file said last stays in force while it is missing or wrong. Memory lives as
 * long as the process.
 */
#ifndef SI_SCHEDULE_WATCH_H
#define SI_SCHEDULE_WATCH_H

#include "ids/schedule.h"

typedef struct si_prefetch_watch_t si_prefetch_watch_t;

/* What a server wants to know. */
typedef struct {
    const si_stream_ids_t *ids;
    const apr_array_header_t *files; /* const char * */
    int index;                       /* among those that are given to the start, from 0 */
} si_prefetch_view_t;

/* What is to be told of a file, once for each change: problem is NULL where count are in force. */
typedef void si_prefetch_tell_fn(void *data, const char *file, const char *problem, int count);

/* What is known of a file. */
typedef struct {
    const char *file;
    int count;           /* schedules in force */
    apr_time_t read_at;  /* when they were read; 0 where none were */
    const char *problem; /* of the last look, NULL for none */
} si_prefetch_status_t;

/*
 * Reads the files of views (const si_prefetch_view_t *), each once, and starts the thread, all
 * signals blocked in it. views must outlive the watch. tell is called with data, from here and from
 * the thread. NULL where memory fails or there is no thread.
 */
si_prefetch_watch_t *si_prefetch_watch_start(const apr_array_header_t *views,
                                             si_prefetch_tell_fn *tell, void *data);

/*
 * Ends the thread. One that is held up for a second by a file system is left alone: the process
 * ends before it goes on. What is known stays.
 */
void si_prefetch_watch_stop(si_prefetch_watch_t *watch);

/*
 * For a signal handler after which the process exits: no look begins any more, and one that is
 * under way has ended, unless it takes longer than another second. Neither locks nor allocates.
 */
void si_prefetch_watch_halt(si_prefetch_watch_t *watch);

/* si_prefetch_eligible with what is in force of the view's files. */
si_stream_id_set_t si_prefetch_watch_eligible(si_prefetch_watch_t *watch,
                                              const si_prefetch_view_t *view,
                                              const char *configuration, apr_size_t length,
                                              apr_time_t now);

/* What is known of the file name, one of a view's; problem is copied to pool. */
void si_prefetch_watch_status(si_prefetch_watch_t *watch, const char *name, apr_pool_t *pool,
                              si_prefetch_status_t *status);

#endif
