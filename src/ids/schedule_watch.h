/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Watches schedule files: one thread per child process checks once a second whether they have
 * changed. While a file is missing or wrong, its last valid content stays in use. Memory lives as
 * long as the process.
 */
#ifndef SI_SCHEDULE_WATCH_H
#define SI_SCHEDULE_WATCH_H

#include "ids/schedule.h"

typedef struct si_schedule_watch_t si_schedule_watch_t;

/* The schedules that one vhost uses. */
typedef struct {
    const si_stream_ids_t *ids;
    const apr_array_header_t *files; /* const char * */
    int index;                       /* in the array that si_schedule_watch_start() gets, from 0 */
} si_schedule_view_t;

/* Reports a change of a file: problem, or NULL and the count of schedules now in use. */
typedef void si_schedule_report_fn(void *data, const char *file, const char *problem, int count);

/* The state of a schedule file. */
typedef struct {
    const char *file;
    int count;           /* schedules in use */
    apr_time_t read_at;  /* when they were read; 0 if never */
    const char *problem; /* of the last check; NULL for none */
} si_schedule_status_t;

/*
 * Reads the files of views (const si_schedule_view_t *), each once, and starts the thread, with all
 * signals blocked. views must outlive the watch. tell is called with data, from this function and
 * from the thread. Returns NULL if memory runs out or the thread cannot be started.
 */
si_schedule_watch_t *si_schedule_watch_start(const apr_array_header_t *views,
                                             si_schedule_report_fn *tell, void *data);

/*
 * Ends the thread. If a file system blocks it for more than a second, it is not waited for: the
 * process exits before it continues. Plans and states stay available.
 */
void si_schedule_watch_stop(si_schedule_watch_t *watch);

/*
 * For a signal handler after which the process exits: no new check of the files starts, and a
 * running one is waited for, up to a second. Neither locks nor allocates.
 */
void si_schedule_watch_halt(si_schedule_watch_t *watch);

/* si_schedule_eligible() with the schedules of the view's files. */
si_stream_id_set_t si_schedule_watch_eligible(si_schedule_watch_t *watch,
                                              const si_schedule_view_t *view,
                                              const char *configuration, apr_size_t length,
                                              apr_time_t now);

/* Returns the state of the file name, one of a view's, in *status; problem is copied to pool. */
void si_schedule_watch_status(si_schedule_watch_t *watch, const char *name, apr_pool_t *pool,
                              si_schedule_status_t *status);

#endif
