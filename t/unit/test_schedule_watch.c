/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Schedule files: which changes are noticed, when, and what stays in force. */
#include "tap.h"

#include "ids/schedule_watch.h"

#include <apr_file_io.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAR_AWAY "4102444800" /* 2100 */

static apr_pool_t *pool;
static const char *directory;

/* What was reported, line by line; the watch's thread writes it too. */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static char told[4096];
static int told_count;

/*
 * eligible_as_told is what is in force in this watch and view when a change is reported; NULL for
 * none.
 */
static si_schedule_watch_t *watch_told_of;
static const si_schedule_view_t *view_told_of;
static apr_uint32_t eligible_as_told;

static apr_uint32_t eligible(si_schedule_watch_t *watch, const si_schedule_view_t *view)
{
    return si_schedule_watch_eligible(watch, view, "live", 4, apr_time_from_sec(1800000000));
}

/* Blocks a report, as a file system may block the read before it. */
static atomic_int hold, is_held;

static void tell(void *data, const char *file, const char *problem, int count)
{
    apr_size_t length;

    (void)data;
    while (hold) {
        is_held = 1;
        usleep(1000);
    }
    pthread_mutex_lock(&told_lock);
    length = strlen(told);
    snprintf(told + length, sizeof(told) - length, "%s: %s (%d)\n", strrchr(file, '/') + 1,
             problem ? problem : "well", count);
    told_count++;
    eligible_as_told = watch_told_of ? eligible(watch_told_of, view_told_of) : 0;
    pthread_mutex_unlock(&told_lock);
}

static int told_so_far(void)
{
    int count;

    pthread_mutex_lock(&told_lock);
    count = told_count;
    pthread_mutex_unlock(&told_lock);
    return count;
}

static void tell_of(si_schedule_watch_t *watch, const si_schedule_view_t *view)
{
    pthread_mutex_lock(&told_lock);
    watch_told_of = watch;
    view_told_of = view;
    pthread_mutex_unlock(&told_lock);
}

static const char *path_of(const char *name)
{
    return apr_pstrcat(pool, directory, "/", name, NULL);
}

/* Replaces the file as a schedule manager does: no read finds it empty in between. */
static void rename_to(const char *name, const char *text)
{
    FILE *file = fopen(path_of("new"), "w");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        abort();
    }
    if (rename(path_of("new"), path_of(name)) != 0) {
        abort();
    }
}

/* Overwrites the file in one write; text is as long as the file's content. */
static void overwrite(const char *name, const char *text)
{
    const int file = open(path_of(name), O_WRONLY | O_CLOEXEC);

    if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text) || close(file) != 0) {
        abort();
    }
}

/* A recurring schedule of "live" for a stream id. */
static const char *item(const char *stream_id)
{
    return apr_psprintf(pool,
                        "{\"PlaybackConfigurationName\":\"live\",\"StreamId\":\"%s\","
                        "\"ScheduleType\":\"RECURRING\",\"RecurringPrefetchConfiguration\":"
                        "{\"EndTime\":" FAR_AWAY "}}",
                        stream_id);
}

static const char *listing(const char *stream_id)
{
    return apr_psprintf(pool, "{\"Items\":[%s]}", item(stream_id));
}

static const char *listing_of_many(const char *stream_id, int count)
{
    const char *items = item(stream_id);

    while (--count > 0) {
        items = apr_pstrcat(pool, items, ",", item(stream_id), NULL);
    }
    return apr_psprintf(pool, "{\"Items\":[%s]}", items);
}

static si_schedule_view_t *view_of(apr_array_header_t *views, const char *ids,
                                   const char *const *files)
{
    si_schedule_view_t *view = apr_pcalloc(pool, sizeof(*view));
    si_stream_ids_t *made = si_stream_ids_make(pool, "StreamIds");
    apr_array_header_t *names = apr_array_make(pool, 2, sizeof(const char *));

    for (; *ids; ids++) {
        si_stream_ids_add(made, apr_pstrmemdup(pool, ids, 1), 1);
    }
    for (; *files; files++) {
        APR_ARRAY_PUSH(names, const char *) = path_of(*files);
    }
    view->ids = made;
    view->files = names;
    view->index = views->nelts;
    APR_ARRAY_PUSH(views, const si_schedule_view_t *) = view;
    return view;
}

/* Waits until something more has been reported. */
static void wait_for_told(int count)
{
    int i;

    for (i = 0; i < 6000 * tap_patience() && told_so_far() < count; i++) {
        usleep(10000);
    }
    is_number(told_so_far(), count, "the reports are as expected, and no more");
}

static void *read_all_the_time(void *data)
{
    void **both = data; /* the watch and its view */
    int *is_over = both[2];
    int wrong = 0;

    while (!__atomic_load_n(is_over, __ATOMIC_RELAXED)) {
        const apr_uint32_t set = eligible(both[0], both[1]);
        wrong += set != 1 && set != 2 && set != SI_ALL_STREAM_IDS;
        usleep(100);
    }
    return wrong ? both : NULL;
}

static void is_told(const char *line, const char *name)
{
    pthread_mutex_lock(&told_lock);
    contains(told, line, "%s", name);
    pthread_mutex_unlock(&told_lock);
}

static void a_file_changes(void)
{
    static const char *const one[] = { "one", NULL };
    apr_array_header_t *views = apr_array_make(pool, 2, sizeof(const si_schedule_view_t *));
    const si_schedule_view_t *view = view_of(views, "ab", one);
    si_schedule_watch_t *watch;
    si_schedule_status_t status;
    pthread_t reader;
    int is_over = 0;
    void *reads[3];
    void *was_wrong;
    apr_time_t read_at;

    rename_to("one", listing("a"));
    watch = si_schedule_watch_start(views, tell, NULL);
    ok(watch != NULL, "the watch starts");
    is_number(told_so_far(), 1, "the file is read at once");
    is_number(eligible(watch, view), 1, "the file is in force at once");
    si_schedule_watch_status(watch, path_of("one"), pool, &status);
    is(status.file, path_of("one"), "status: the file");
    is_number(status.count, 1, "status: its schedules");
    ok(status.read_at > 0 && status.read_at <= apr_time_now(), "status: when they were read");
    is(status.problem, NULL, "status: no problem");
    read_at = status.read_at;

    reads[0] = watch;
    reads[1] = (void *)view;
    reads[2] = &is_over;
    pthread_create(&reader, NULL, read_all_the_time, reads);

    tell_of(watch, view);
    rename_to("one", listing("b"));
    wait_for_told(2);
    tell_of(NULL, NULL);
    is_number(eligible_as_told, 2, "a reported change is in force");
    is_number(eligible(watch, view), 2, "renamed into place: noticed");

    overwrite("one", listing("a"));
    wait_for_told(3);
    is_number(eligible(watch, view), 1, "written in place, of the same size: noticed");

    rename_to("one", "{\"Items\":[{");
    wait_for_told(4);
    is_told("one: the JSON is cut off after byte 11 (0)\n", "half-written: reported");
    is_number(eligible(watch, view), 1, "half-written: its previous schedules stay");
    si_schedule_watch_status(watch, path_of("one"), pool, &status);
    is_number(status.count, 1, "half-written: status counts what is in force");
    is(status.problem, "the JSON is cut off after byte 11",
       "half-written: status shows the problem");
    ok(status.read_at > read_at, "half-written: status shows since when");

    rename_to("one", "{\"Items\":[");
    wait_for_told(5);
    usleep(2500000);
    is_number(told_so_far(), 5, "still wrong: not reported again");

    unlink(path_of("one"));
    wait_for_told(6);
    is_told("one: cannot be read: No such file or directory (0)\n", "missing: reported");
    is_number(eligible(watch, view), 1, "missing: its previous schedules stay");

    /* The path is a link, which a file can replace. */
    if (mkdir(path_of("directory"), 0777) != 0 || symlink("directory", path_of("one")) != 0) {
        abort();
    }
    wait_for_told(7);
    is_told("one: not a regular file (0)\n", "a directory: reported");

    rename_to("one", listing("b"));
    wait_for_told(8);
    is_number(eligible(watch, view), 2, "good again: in force");
    si_schedule_watch_status(watch, path_of("one"), pool, &status);
    is(status.problem, NULL, "good again: no problem");

    rename_to("one", listing_of_many("a", 101));
    wait_for_told(9);
    is_told("one: more than 100 schedules of the configuration \"live\" are not over; MediaTailor "
            "allows 25: delete those that are not needed (0)\n",
            "too many: reported");
    is_number(eligible(watch, view), 2, "too many: its previous schedules stay");
    rename_to("one", listing("b"));
    wait_for_told(10);

    __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
    pthread_join(reader, &was_wrong);
    ok(!was_wrong, "a reader during a change sees the old or the new schedules");
    si_schedule_watch_stop(watch);
    rename_to("one", listing("a"));
    usleep(1500000);
    is_number(eligible(watch, view), 2, "stopped: the known schedules stay");
}

/* Two servers have files of their own and share one; none of the files exists at first. */
static void several_files(void)
{
    static const char *const first[] = { "shared", "two", NULL };
    static const char *const second[] = { "shared", NULL };
    apr_array_header_t *views = apr_array_make(pool, 2, sizeof(const si_schedule_view_t *));
    const si_schedule_view_t *one = view_of(views, "ab", first);
    const si_schedule_view_t *other = view_of(views, "xb", second);
    si_schedule_watch_t *watch;
    int before = told_so_far();

    watch = si_schedule_watch_start(views, tell, NULL);
    is_number(told_so_far() - before, 2, "each missing file is reported once");
    is_number(eligible(watch, one), SI_ALL_STREAM_IDS, "no file: among all");
    rename_to("shared", listing("b"));
    wait_for_told(before + 3);
    is_number(eligible(watch, one), 2, "a shared file: the first server's ids");
    is_number(eligible(watch, other), 2, "a shared file: the second server's ids");
    rename_to("two", listing("a"));
    wait_for_told(before + 4);
    is_number(eligible(watch, one), 3, "both files together");
    is_number(eligible(watch, other), 2, "the shared file alone");
    si_schedule_watch_stop(watch);
}

static void set_descriptor_limit(rlim_t limit)
{
    struct rlimit limits;

    if (getrlimit(RLIMIT_NOFILE, &limits) != 0) {
        abort();
    }
    limits.rlim_cur = limit ? limit : limits.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limits) != 0) {
        abort();
    }
}

/* The file is the same before and after: only another try finds that it can be read now. */
static void a_read_fails(void)
{
    static const char *const names[] = { "two", NULL };
    apr_array_header_t *views = apr_array_make(pool, 1, sizeof(const si_schedule_view_t *));
    const si_schedule_view_t *view = view_of(views, "ab", names);
    const int before = told_so_far();
    si_schedule_watch_t *watch;

    set_descriptor_limit(3);
    watch = si_schedule_watch_start(views, tell, NULL);
    is_number(told_so_far(), before + 1, "no descriptor: reported");
    is_told("two: cannot be read: Too many open files (0)\n", "no descriptor: why");
    usleep(2500000);
    is_number(told_so_far(), before + 1, "no descriptor: reported once");
    set_descriptor_limit(0);
    wait_for_told(before + 2);
    is_number(eligible(watch, view), 1, "a descriptor again: the file is read");
    si_schedule_watch_stop(watch);
}

static void wait_until_held(void)
{
    int i;

    for (i = 0; i < 20000 * tap_patience() && !is_held; i++) {
        usleep(1000);
    }
}

static void *release_at_last(void *ignored)
{
    int i;

    for (i = 0; i < 20000 * tap_patience() && hold; i++) {
        usleep(1000);
    }
    hold = 0;
    return ignored;
}

/* The watch's memory is freed when the process ends: its thread must have ended before. */
static void wait_for_threads(int threads)
{
    int i;

    for (i = 0; i < 20000 * tap_patience() && count_entries("/proc/self/task") > threads; i++) {
        usleep(1000);
    }
}

/* threads: the number of threads of the process without a watch. */
static void a_look_hangs(int threads)
{
    static const char *const hung[] = { "hung", NULL };
    apr_array_header_t *views = apr_array_make(pool, 1, sizeof(const si_schedule_view_t *));
    si_schedule_watch_t *watch;
    pthread_t releaser;
    int before;

    view_of(views, "ab", hung);
    watch = si_schedule_watch_start(views, tell, NULL);
    before = told_so_far();
    hold = 1;
    rename_to("hung", listing("a"));
    wait_until_held();
    pthread_create(&releaser, NULL, release_at_last, NULL);
    si_schedule_watch_stop(watch);
    ok(is_held && hold, "a stop does not wait for a read that hangs");
    hold = 0;
    pthread_join(releaser, NULL);
    wait_for_told(before + 1);
    wait_for_threads(threads);
}

/* The process ends as in prefork's handler of SIGTERM. threads: their number without a watch. */
static void is_halted(int threads)
{
    static const char *const names[] = { "halted", NULL };
    apr_array_header_t *views = apr_array_make(pool, 1, sizeof(const si_schedule_view_t *));
    si_schedule_watch_t *watch;
    int before;

    view_of(views, "ab", names);
    rename_to("halted", listing("a"));
    watch = si_schedule_watch_start(views, tell, NULL);
    before = told_so_far();
    si_schedule_watch_halt(watch);
    rename_to("halted", listing("b"));
    usleep(1500000);
    is_number(told_so_far(), before, "halted: it reads no more");

    watch = si_schedule_watch_start(views, tell, NULL);
    before = told_so_far();
    hold = 1;
    is_held = 0;
    rename_to("halted", listing("a"));
    wait_until_held();
    si_schedule_watch_halt(watch);
    ok(is_held && hold, "a halt does not wait for a read that hangs");
    hold = 0;
    wait_for_told(before + 1);
    rename_to("halted", listing("b"));
    usleep(1500000);
    is_number(told_so_far(), before + 1, "a halt: the read that hangs is the last");
    wait_for_threads(threads);
    unlink(path_of("halted"));
}

int main(void)
{
    const int threads = count_entries("/proc/self/task");
    const char *temporary;

    pool = tap_pool();
    if (apr_temp_dir_get(&temporary, pool) != APR_SUCCESS) {
        abort();
    }
    directory = mkdtemp(apr_pstrcat(pool, temporary, "/test_prefetch_watch.XXXXXX", NULL));
    if (!directory) {
        abort();
    }
    a_file_changes();
    several_files();
    a_read_fails();
    a_look_hangs(threads);
    is_halted(threads);
    unlink(path_of("one"));
    unlink(path_of("two"));
    unlink(path_of("shared"));
    unlink(path_of("hung"));
    rmdir(path_of("directory"));
    rmdir(directory);
    return done();
}
