/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ids/schedule_watch.h"

#include "base/clock.h"
#include "base/file.h"
#include "ids/schedule_file.h"
#include "base/thread.h"

#include <apr_strings.h>
#include <pthread.h>
#include <string.h>

#define LOOK_EVERY APR_USEC_PER_SEC

/* How long a stop waits for a check of the files to end: a file system may hang. */
#define STOP_WITHIN APR_USEC_PER_SEC

/* What the thread is doing. HALTED is final: the thread then touches no memory any more. */
enum {
    ASLEEP,
    LOOKING,
    HALTED
};

/*
 * Owned by the watch thread. schedules, read_at and problem are also read by
 * si_schedule_watch_status(), under lock.
 */
typedef struct {
    const char *name;
    apr_finfo_t seen; /* as of the last read */
    int is_seen;
    apr_pool_t *pool; /* of schedules */
    apr_array_header_t *schedules;
    apr_time_t read_at;
    char problem[256]; /* "" for none */
} file_t;

struct si_schedule_watch_t {
    si_schedule_report_fn *tell;
    void *data;
    const apr_array_header_t *views;
    apr_array_header_t *files; /* file_t, each once */

    pthread_rwlock_t lock; /* of the plans, and of what the status page reads */
    apr_pool_t *plan_pool;
    apr_array_header_t *plans; /* si_schedule_plan_t *, by view */

    pthread_t thread;
    pthread_mutex_t stop_lock;
    pthread_cond_t stop; /* signalled when a stop is requested, and when it is done */
    int is_stopping;
    int has_stopped;
    int phase;      /* atomic, as is has_halted */
    int has_halted; /* the thread has seen HALTED after a check */
};

/* A root pool: another thread must not allocate from the configuration's. */
static apr_pool_t *make_pool(void)
{
    apr_pool_t *pool = NULL;

    apr_pool_create(&pool, NULL);
    return pool;
}

static void destroy_pool(apr_pool_t *pool)
{
    if (pool) {
        apr_pool_destroy(pool);
    }
}

static file_t *find_file(const si_schedule_watch_t *watch, const char *name)
{
    int i;

    for (i = 0; i < watch->files->nelts; i++) {
        file_t *file = &APR_ARRAY_IDX(watch->files, i, file_t);
        if (strcmp(file->name, name) == 0) {
            return file;
        }
    }
    return NULL;
}

static int is_same(const apr_finfo_t *a, const apr_finfo_t *b)
{
    return a->mtime == b->mtime && a->size == b->size && a->inode == b->inode
           && a->device == b->device;
}

static const char *read_listing(file_t *file, apr_pool_t *pool, const char *text, apr_size_t length,
                                apr_array_header_t **schedules)
{
    const char *problem = si_schedule_file_read(pool, text, length, schedules);
    const char *crowded = problem ? NULL : si_schedule_crowded(pool, *schedules, apr_time_now());

    if (crowded) {
        file->is_seen = 0; /* fewer of them are left as time passes */
        problem = apr_psprintf(pool,
                               "more than %d schedules of the configuration \"%s\" are not over; "
                               "MediaTailor allows 25: delete those that are not needed",
                               SI_SCHEDULE_LIMIT, crowded);
    }
    return problem;
}

/*
 * Returns NULL or an error message from pool. The next check tries again if the file could not be
 * read.
 */
static const char *read_file(file_t *file, apr_pool_t *pool, apr_array_header_t **schedules)
{
    char *text = NULL;
    apr_size_t length = 0;
    const char *wrong = si_file_read(pool, file->name, &file->seen, &text, &length);

    if (wrong) {
        file->is_seen = 0;
        return wrong;
    }
    return read_listing(file, pool, text, length, schedules);
}

/*
 * Stores the file's problem and reports it. A problem that has been reported is not reported again.
 */
static void note_problem(si_schedule_watch_t *watch, file_t *file, const char *problem)
{
    char before[sizeof(file->problem)];

    memcpy(before, file->problem, sizeof(before));
    pthread_rwlock_wrlock(&watch->lock);
    apr_cpystrn(file->problem, problem, sizeof(file->problem));
    pthread_rwlock_unlock(&watch->lock);
    if (strcmp(file->problem, before) != 0) {
        watch->tell(watch->data, file->name, problem, 0);
    }
}

static void note_schedules(si_schedule_watch_t *watch, file_t *file, apr_pool_t *pool,
                           apr_array_header_t *schedules)
{
    pthread_rwlock_wrlock(&watch->lock);
    destroy_pool(file->pool);
    file->pool = pool;
    file->schedules = schedules;
    file->read_at = apr_time_now();
    file->problem[0] = '\0';
    pthread_rwlock_unlock(&watch->lock);
}

/* Returns whether the schedules have changed. */
static int reread(si_schedule_watch_t *watch, file_t *file)
{
    apr_pool_t *pool = make_pool();
    apr_array_header_t *schedules = NULL;
    const char *problem;

    if (!pool) {
        file->is_seen = 0;
        return 0;
    }
    problem = read_file(file, pool, &schedules);
    if (problem || !schedules) {
        note_problem(watch, file, problem ? problem : "no memory to read it");
        apr_pool_destroy(pool);
        return 0;
    }
    note_schedules(watch, file, pool, schedules);
    return 1;
}

/* Calls reread() if the file has changed since the last check. */
static int look(si_schedule_watch_t *watch, file_t *file, apr_pool_t *pool)
{
    apr_finfo_t found;
    const apr_status_t rv = apr_stat(&found, file->name, SI_FILE_INFO, pool);

    if (rv != APR_SUCCESS) {
        file->is_seen = 0;
        note_problem(watch, file, si_file_unreadable(pool, rv));
        return 0;
    }
    if (file->is_seen && is_same(&found, &file->seen)) {
        return 0;
    }
    file->seen = found;
    file->is_seen = 1;
    return reread(watch, file);
}

static si_schedule_plan_t *make_plan(const si_schedule_watch_t *watch, int index, apr_pool_t *pool)
{
    const si_schedule_view_t *view = APR_ARRAY_IDX(watch->views, index, const si_schedule_view_t *);
    apr_array_header_t *listings = apr_array_make(pool, 2, sizeof(const apr_array_header_t *));
    int i;

    for (i = 0; i < view->files->nelts; i++) {
        const file_t *file = find_file(watch, APR_ARRAY_IDX(view->files, i, const char *));
        if (file && file->schedules) {
            APR_ARRAY_PUSH(listings, const apr_array_header_t *) = file->schedules;
        }
    }
    return si_schedule_plan_make(pool, (const apr_array_header_t *const *)(void *)listings->elts,
                                 listings->nelts, view->ids, apr_time_now());
}

/*
 * Makes new plans from the current schedules and replaces the old ones. Returns 0 if memory runs
 * out.
 */
static int make_plans(si_schedule_watch_t *watch)
{
    apr_pool_t *before = watch->plan_pool;
    apr_pool_t *pool = make_pool();
    apr_array_header_t *plans;
    int i;

    if (!pool) {
        return 0;
    }
    plans = apr_array_make(pool, watch->views->nelts, sizeof(si_schedule_plan_t *));
    for (i = 0; i < watch->views->nelts; i++) {
        APR_ARRAY_PUSH(plans, si_schedule_plan_t *) = make_plan(watch, i, pool);
    }
    pthread_rwlock_wrlock(&watch->lock);
    watch->plan_pool = pool;
    watch->plans = plans;
    pthread_rwlock_unlock(&watch->lock);
    destroy_pool(before);
    return 1;
}

/* changed: file_t * */
static void tell_of(si_schedule_watch_t *watch, const apr_array_header_t *changed)
{
    int i;

    for (i = 0; i < changed->nelts; i++) {
        const file_t *file = APR_ARRAY_IDX(changed, i, const file_t *);
        watch->tell(watch->data, file->name, NULL, file->schedules->nelts);
    }
}

static void look_at_all(si_schedule_watch_t *watch)
{
    apr_pool_t *pool = make_pool();
    apr_array_header_t *changed;
    int i;

    if (!pool) {
        return;
    }
    changed = apr_array_make(pool, watch->files->nelts, sizeof(file_t *));
    for (i = 0; i < watch->files->nelts; i++) {
        file_t *file = &APR_ARRAY_IDX(watch->files, i, file_t);
        if (look(watch, file, pool)) {
            APR_ARRAY_PUSH(changed, file_t *) = file;
        }
    }
    if (changed->nelts > 0 && make_plans(watch)) {
        tell_of(watch, changed);
    }
    apr_pool_destroy(pool);
}

/* Moves to the next phase. Returns 0 if the phase was not the expected one: the watch is halted. */
static int goes_on(si_schedule_watch_t *watch, int expected, int next)
{
    return __atomic_compare_exchange_n(&watch->phase, &expected, next, 0, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

/* Returns 0 if the watch is halted. */
static int look_again(si_schedule_watch_t *watch)
{
    if (!goes_on(watch, ASLEEP, LOOKING)) {
        return 0;
    }
    look_at_all(watch);
    if (goes_on(watch, LOOKING, ASLEEP)) {
        return 1;
    }
    __atomic_store_n(&watch->has_halted, 1, __ATOMIC_RELEASE);
    return 0;
}

static void *run(void *data)
{
    si_schedule_watch_t *watch = data;

    pthread_mutex_lock(&watch->stop_lock);
    while (!watch->is_stopping) {
        const struct timespec until = si_clock_timespec(si_clock_us() + LOOK_EVERY);
        if (pthread_cond_timedwait(&watch->stop, &watch->stop_lock, &until) != 0) {
            pthread_mutex_unlock(&watch->stop_lock);
            if (!look_again(watch)) {
                pthread_detach(pthread_self());
                return NULL;
            }
            pthread_mutex_lock(&watch->stop_lock);
        }
    }
    watch->has_stopped = 1;
    pthread_cond_broadcast(&watch->stop);
    pthread_mutex_unlock(&watch->stop_lock);
    return NULL;
}

static void add_files(si_schedule_watch_t *watch, const apr_array_header_t *names)
{
    int i;

    for (i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        if (!find_file(watch, name)) {
            file_t *file = apr_array_push(watch->files);
            memset(file, 0, sizeof(*file));
            file->name = name;
        }
    }
}

si_schedule_watch_t *si_schedule_watch_start(const apr_array_header_t *views,
                                             si_schedule_report_fn *tell, void *data)
{
    apr_pool_t *pool = make_pool();
    si_schedule_watch_t *watch;
    int i;

    if (!pool) {
        return NULL;
    }
    watch = apr_pcalloc(pool, sizeof(*watch));
    watch->tell = tell;
    watch->data = data;
    watch->views = views;
    watch->files = apr_array_make(pool, 4, sizeof(file_t));
    pthread_rwlock_init(&watch->lock, NULL);
    pthread_mutex_init(&watch->stop_lock, NULL);
    si_clock_condition(&watch->stop);
    for (i = 0; i < views->nelts; i++) {
        add_files(watch, APR_ARRAY_IDX(views, i, const si_schedule_view_t *)->files);
    }
    make_plans(watch);
    look_at_all(watch);
    return watch->plans && si_thread_start(&watch->thread, run, watch) == 0 ? watch : NULL;
}

void si_schedule_watch_stop(si_schedule_watch_t *watch)
{
    const struct timespec until = si_clock_timespec(si_clock_us() + STOP_WITHIN);
    int rc = 0;
    int has_stopped;

    pthread_mutex_lock(&watch->stop_lock);
    watch->is_stopping = 1;
    pthread_cond_broadcast(&watch->stop);
    while (!watch->has_stopped && rc == 0) {
        rc = pthread_cond_timedwait(&watch->stop, &watch->stop_lock, &until);
    }
    has_stopped = watch->has_stopped;
    pthread_mutex_unlock(&watch->stop_lock);
    if (has_stopped) {
        pthread_join(watch->thread, NULL);
    }
    else {
        pthread_detach(watch->thread);
    }
}

void si_schedule_watch_halt(si_schedule_watch_t *watch)
{
    const struct timespec millisecond = si_clock_timespec(1000);
    const int phase = __atomic_exchange_n(&watch->phase, HALTED, __ATOMIC_ACQ_REL);
    int i;

    for (i = 0; phase == LOOKING && i < 1000; i++) {
        if (__atomic_load_n(&watch->has_halted, __ATOMIC_ACQUIRE)) {
            return;
        }
        nanosleep(&millisecond, NULL);
    }
}

si_stream_id_set_t si_schedule_watch_eligible(si_schedule_watch_t *watch,
                                              const si_schedule_view_t *view,
                                              const char *configuration, apr_size_t length,
                                              apr_time_t now)
{
    si_stream_id_set_t eligible;

    pthread_rwlock_rdlock(&watch->lock);
    eligible = si_schedule_eligible(APR_ARRAY_IDX(watch->plans, view->index, si_schedule_plan_t *),
                                    configuration, length, now);
    pthread_rwlock_unlock(&watch->lock);
    return eligible;
}

void si_schedule_watch_status(si_schedule_watch_t *watch, const char *name, apr_pool_t *pool,
                              si_schedule_status_t *status)
{
    const file_t *file = find_file(watch, name);

    memset(status, 0, sizeof(*status));
    status->file = name;
    if (!file) {
        return;
    }
    pthread_rwlock_rdlock(&watch->lock);
    status->count = file->schedules ? file->schedules->nelts : 0;
    status->read_at = file->read_at;
    status->problem = *file->problem ? apr_pstrdup(pool, file->problem) : NULL;
    pthread_rwlock_unlock(&watch->lock);
}
