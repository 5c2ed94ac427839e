/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The forwarder against an upstream in this process. getaddrinfo and connect are replaced, so that
 * name servers and a stuck engine can be simulated.
 */
#include "tap.h"

#include "upstream/forwarder.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Name servers */

static atomic_int lookups;
static atomic_int is_silent = 1;                       /* the name server of silent.test */
static atomic_uint upstream_address = INADDR_LOOPBACK; /* of upstream.test */

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    static struct sockaddr_in address;
    struct addrinfo *info;

    (void)service;
    (void)hints;
    lookups++;
    while (is_silent && strcmp(name, "silent.test") == 0) {
        usleep(1000);
    }
    if (strcmp(name, "upstream.test") != 0) {
        return EAI_NONAME;
    }
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(upstream_address);
    info = calloc(1, sizeof(*info));
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_addr = (struct sockaddr *)&address;
    info->ai_addrlen = sizeof(address);
    *found = info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    free(info);
}

/* A connect that blocks its thread until it is released. */

static atomic_int hold_connect, is_held;
static atomic_int connect_fails; /* with this errno, unless 0 */

/* As under prefork, SIGTERM ends the child in the handler. Here it opens the gate. */

static atomic_int ends, gate_is_open;
static int end_in_connect; /* SIGTERM arrives while libcurl connects */

static void end_child(int signal)
{
    (void)signal;
    ends++;
    gate_is_open = 1;
}

int connect(int socket, const struct sockaddr *address, socklen_t length)
{
    while (hold_connect) {
        is_held = 1;
        usleep(1000);
    }
    is_held = 0;
    if (connect_fails) {
        errno = connect_fails;
        return -1;
    }
    if (end_in_connect) {
        raise(SIGTERM);
        is_number(ends, 0, "SIGTERM does not interrupt libcurl, which may be in malloc");
        end_in_connect = 0;
    }
    return (int)syscall(SYS_connect, socket, address, length);
}

/* The upstream has one thread per connection; the path selects its behaviour. */

static int upstream_port;
static atomic_int connections, requests;
static atomic_int gated, passed; /* of requests for /gate */
static char last_request[8192];
static pthread_mutex_t record = PTHREAD_MUTEX_INITIALIZER;

#define ANSWER                                                                        \
    "HTTP/1.1 200 Very Good\r\nContent-Type: application/json\r\nSet-Cookie: a=b\r\n" \
    "x-amzn-RequestId: r1\r\nContent-Length: 2\r\n\r\n{}"

static void send_text(int socket, const char *text)
{
    send(socket, text, strlen(text), MSG_NOSIGNAL);
}

/* Reads one whole request with a Content-Length; returns its length or 0. */
static size_t read_request(int socket, char *buffer, size_t size)
{
    size_t length = 0;

    for (;;) {
        const ssize_t count = recv(socket, buffer + length, size - 1 - length, 0);
        if (count <= 0) {
            return 0;
        }
        length += (size_t)count;
        buffer[length] = '\0';
        const char *end = strstr(buffer, "\r\n\r\n");
        const char *announced = strstr(buffer, "Content-Length: ");
        if (end && length >= (size_t)(end + 4 - buffer) + (size_t)atol(announced + 16)) {
            return length;
        }
    }
}

/* Returns whether the connection stays open. */
static int answer(int socket, const char *request, int count)
{
    if (strstr(request, "/stall")) {
        char byte;
        return recv(socket, &byte, 1, 0) > 0;
    }
    if (strstr(request, "/stale") && count > 1) {
        return 0;
    }
    if (strstr(request, "/reset") && count > 1) {
        const struct linger at_once = { .l_onoff = 1 };
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        return 0;
    }
    if (strstr(request, "/slow")) {
        usleep(200 * 1000);
    }
    if (strstr(request, "/gate")) {
        for (gated++; !gate_is_open;) {
            usleep(10 * 1000);
        }
    }
    if (strstr(request, "/early")) {
        send_text(socket, "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n");
    }
    if (strstr(request, "/folded")) {
        send_text(socket, "HTTP/1.1 200 OK\r\nContent-Type: text/plain;\r\n a=b; \r\n\t \tc=d\r\n"
                          "X-Other: dropped\r\n as is this\r\nRetry-After:\r\n 9\r\n"
                          "Content-Length: 0\r\n\r\n");
        return 1;
    }
    send_text(socket, strstr(request, "/large")
                          ? "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"
                          : ANSWER);
    passed += strstr(request, "/gate") != NULL;
    return 1;
}

static void *serve(void *data)
{
    const int socket = (int)(intptr_t)data;
    const size_t size = 2 * 1024 * 1024;
    char *buffer = malloc(size);
    int count = 0;
    size_t length;

    while ((length = read_request(socket, buffer, size)) > 0) {
        requests++;
        pthread_mutex_lock(&record);
        snprintf(last_request, sizeof(last_request), "%s", buffer);
        pthread_mutex_unlock(&record);
        if (!answer(socket, buffer, ++count)) {
            break;
        }
    }
    close(socket);
    free(buffer);
    return NULL;
}

static void start_thread(void *(*function)(void *), void *data)
{
    pthread_t thread;

    pthread_create(&thread, NULL, function, data);
    pthread_detach(thread);
}

static atomic_int is_accepting;

static void *accept_all(void *data)
{
    is_accepting = 1;
    for (;;) {
        const int socket = accept4((int)(intptr_t)data, NULL, NULL, SOCK_CLOEXEC);
        if (socket < 0) {
            continue;
        }
        connections++;
        start_thread(serve, (void *)(intptr_t)socket);
    }
    return NULL;
}

static void start_upstream(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof(address);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0
        || listen(listener, 512) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        abort();
    }
    upstream_port = ntohs(address.sin_port);
    start_thread(accept_all, (void *)(intptr_t)listener);
    /*
     * A sanitizer opens files of its own when a thread begins; a forwarder begins while none does.
     */
    while (!is_accepting) {
        usleep(1000);
    }
}

/* Calls */

static apr_pool_t *pool;

/* Forwarders live as long as the process: they are kept here for the leak checker. */
static si_forwarder_t *volatile forwarders[24];
static int forwarder_count;

/* Pools of jobs: each belongs to its own thread while the job runs. */
static apr_pool_t *job_pools[2048];
static int job_pool_count;

static const si_endpoint_t *add_endpoint(apr_array_header_t *endpoints, const char *scheme,
                                         const char *host, int port)
{
    si_endpoint_t *endpoint = apr_pcalloc(pool, sizeof(*endpoint));

    endpoint->index = endpoints->nelts;
    endpoint->host = host;
    endpoint->port = port;
    endpoint->url = apr_psprintf(pool, "%s://%s:%d", scheme, host, port);
    endpoint->is_https = strcmp(scheme, "https") == 0;
    APR_ARRAY_PUSH(endpoints, const si_endpoint_t *) = endpoint;
    return endpoint;
}

static int name_refresh = SI_NAME_REFRESH;

static si_forwarder_t *start_for(const apr_array_header_t *endpoints, const char *host,
                                 int max_calls, int is_threaded)
{
    const char *problem = NULL;
    si_forwarder_t *forwarder = si_forwarder_start(endpoints, max_calls, name_refresh, is_threaded,
                                                   &problem);

    if (!ok(forwarder, "a forwarder for %s starts", host)) {
        printf("# %s\n", problem);
        exit(1);
    }
    forwarders[forwarder_count++] = forwarder;
    return forwarder;
}

static si_forwarder_t *start(const char *host, int port, int max_calls, int is_threaded,
                             const si_endpoint_t **endpoint)
{
    apr_array_header_t *endpoints = apr_array_make(pool, 1, sizeof(const si_endpoint_t *));

    *endpoint = add_endpoint(endpoints, "http", host, port);
    return start_for(endpoints, host, max_calls, is_threaded);
}

typedef struct {
    si_forwarder_t *forwarder;
    const si_endpoint_t *endpoint;
    const char *target;
    const char *body;
    apr_size_t body_length;
    apr_interval_time_t timeout; /* also of connecting */
    apr_interval_time_t max_age;
    apr_pool_t *pool;
    si_response_t answer;
    pthread_t thread;
} job_t;

static void *run_job(void *data)
{
    job_t *job = data;
    si_forward_request_t request = { .endpoint = job->endpoint,
                                     .target = job->target,
                                     .body = job->body,
                                     .body_length = job->body_length,
                                     .connect_timeout = job->timeout,
                                     .timeout = job->timeout,
                                     .max_age = job->max_age };
    apr_array_header_t *headers = apr_array_make(job->pool, 4, sizeof(const char *));

    APR_ARRAY_PUSH(headers, const char *) = "Host";
    APR_ARRAY_PUSH(headers, const char *) = "viewer.example";
    APR_ARRAY_PUSH(headers, const char *) = "User-Agent";
    APR_ARRAY_PUSH(headers, const char *) = "";
    request.headers = headers;
    si_forward(job->forwarder, &request, job->pool, &job->answer);
    return NULL;
}

static job_t make_job(si_forwarder_t *forwarder, const si_endpoint_t *endpoint, const char *target,
                      apr_interval_time_t timeout)
{
    job_t job = { .forwarder = forwarder,
                  .endpoint = endpoint,
                  .target = target,
                  .body = "{}",
                  .body_length = 2,
                  .timeout = timeout };

    apr_pool_create_unmanaged_ex(&job.pool, NULL, NULL);
    job_pools[job_pool_count++] = job.pool;
    return job;
}

static si_response_t call(si_forwarder_t *forwarder, const si_endpoint_t *endpoint,
                          const char *target, apr_interval_time_t timeout)
{
    job_t job = make_job(forwarder, endpoint, target, timeout);

    run_job(&job);
    return job.answer;
}

static void begin_jobs(job_t *jobs, int count, si_forwarder_t *forwarder,
                       const si_endpoint_t *endpoint, const char *target,
                       apr_interval_time_t timeout)
{
    int i;

    for (i = 0; i < count; i++) {
        jobs[i] = make_job(forwarder, endpoint, target, timeout);
        pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]);
    }
}

/* Waits for all jobs and returns how many had the outcome. */
static int end_jobs(job_t *jobs, int count, si_forward_outcome_t outcome)
{
    int had = 0;
    int i;

    for (i = 0; i < count; i++) {
        pthread_join(jobs[i].thread, NULL);
        had += jobs[i].answer.outcome == outcome;
    }
    return had;
}

static void wait_for(const atomic_int *number, int count)
{
    int i;

    for (i = 0; i < 60000 * tap_patience() && *number < count; i++) {
        usleep(1000);
    }
}

/* The unit of all time limits here; it is longer if the machine is slow. */
static int patience = 1;

#define SECOND (patience * APR_USEC_PER_SEC)

/* Tests */

static void test_answer(si_forwarder_t *forwarder, const si_endpoint_t *endpoint, const char *mode)
{
    si_response_t first = call(forwarder, endpoint, "/v1/session/a/../b%2f?x=%zz&y", 2 * SECOND);
    const int before = connections;
    si_response_t second = call(forwarder, endpoint, "/v1/session/second", 2 * SECOND);

    is_number(first.outcome, SI_FORWARD_ANSWERED, "%s: an answer comes", mode);
    is_number(first.status, 200, "%s: its status", mode);
    is(first.reason, "Very Good", "%s: its reason phrase", mode);
    is_bytes(first.body, first.body_length, "{}", 2, "%s: its body", mode);
    is_number(first.headers->nelts, 4, "%s: two headers pass, Set-Cookie does not", mode);
    is(APR_ARRAY_IDX(first.headers, 2, const char *), "x-amzn-RequestId", "%s: header name", mode);
    is(APR_ARRAY_IDX(first.headers, 3, const char *), "r1", "%s: header value", mode);
    ok(!first.is_kept_connection, "%s: the first call connects", mode);
    ok(second.is_kept_connection && connections == before, "%s: the second call does not connect",
       mode);
}

static void test_request_bytes(si_forwarder_t *forwarder, const si_endpoint_t *endpoint)
{
    call(forwarder, endpoint, "/v1/session/a/../b%2f?x=%zz&y", 2 * SECOND);
    char sent[sizeof(last_request)];

    pthread_mutex_lock(&record);
    memcpy(sent, last_request, sizeof(sent));
    pthread_mutex_unlock(&record);
    is(sent,
       "POST /v1/session/a/../b%2f?x=%zz&y HTTP/1.1\r\nHost: viewer.example\r\n"
       "Content-Type: application/json\r\nUser-Agent:\r\nContent-Length: 2\r\n\r\n{}",
       "the request is sent as given: raw target, an empty header, nothing of libcurl's own");
}

static void test_stale_connection(si_forwarder_t *forwarder, const si_endpoint_t *endpoint)
{
    int answered = 0;
    int i;

    for (i = 0; i < 20; i++) {
        answered += call(forwarder, endpoint, "/stale", 2 * SECOND).outcome == SI_FORWARD_ANSWERED;
    }
    is_number(answered, 20, "a kept connection that dies during use is replaced");
}

/*
 * libcurl counts its attempts over all transfers of a handle, and reports a reset and an end
 * differently.
 */
static void test_reset_connection(si_forwarder_t *forwarder, const si_endpoint_t *endpoint)
{
    int answered = 0;
    int i;

    for (i = 0; i < 20; i++) {
        answered += call(forwarder, endpoint, "/reset", 2 * SECOND).outcome == SI_FORWARD_ANSWERED;
    }
    is_number(answered, 20, "a kept connection that is reset during use is replaced");
}

static void test_one_x_x(si_forwarder_t *forwarder, const si_endpoint_t *endpoint)
{
    si_response_t early = call(forwarder, endpoint, "/early", 2 * SECOND);

    is_number(early.status, 200, "a response with status 103 is not the answer");
    is_number(early.headers->nelts, 4,
              "the headers of a response with status 103 are not the answer's");
}

static void test_large(si_forwarder_t *forwarder, const si_endpoint_t *endpoint)
{
    job_t job = make_job(forwarder, endpoint, "/v1/session/mebibyte", 4 * SECOND);

    is_number(call(forwarder, endpoint, "/large", 2 * SECOND).outcome, SI_FORWARD_TOO_LARGE,
              "an answer above 1 MiB is refused");
    job.body_length = 1024 * 1024;
    job.body = memset(apr_palloc(pool, job.body_length), 'x', job.body_length);
    run_job(&job);
    is_number(job.answer.outcome, SI_FORWARD_ANSWERED, "a body of 1 MiB goes up");
}

/* Trap 3: a multi handle drops connections after a burst unless it is configured not to. */
static void test_burst_keeps_connections(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("127.0.0.1", upstream_port, 32, 1, &endpoint);
    const int before = connections;
    job_t jobs[32];

    begin_jobs(jobs, 32, forwarder, endpoint, "/slow", 4 * SECOND);
    is_number(end_jobs(jobs, 32, SI_FORWARD_ANSWERED), 32, "32 calls at once are answered");
    call(forwarder, endpoint, "/v1/session/alone", 2 * SECOND);
    begin_jobs(jobs, 32, forwarder, endpoint, "/slow", 4 * SECOND);
    is_number(end_jobs(jobs, 32, SI_FORWARD_ANSWERED), 32, "32 more calls at once are answered");
    ok(connections - before <= 32, "the second burst uses the connections of the first");
    is_number(call(forwarder, endpoint, "/stale", 2 * SECOND).outcome, SI_FORWARD_ANSWERED,
              "if all 32 connections are dead, a new one is made");
    si_forwarder_stop(forwarder);
}

/*
 * More calls end in one turn of the engine than wake each other in turn, and the worker of one of
 * them has left: the responses arrive while the engine is blocked.
 */
static void test_ended_together(void)
{
    enum {
        TOGETHER = 100
    };
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("127.0.0.1", upstream_port, TOGETHER + 1, 1, &endpoint);
    job_t jobs[TOGETHER], leaving;

    begin_jobs(jobs, TOGETHER, forwarder, endpoint, "/gate", 30 * SECOND);
    wait_for(&gated, TOGETHER);
    hold_connect = 1;
    begin_jobs(&leaving, 1, forwarder, endpoint, "/v1/session/leaving", SECOND / 4);
    wait_for(&is_held, 1);
    gate_is_open = 1;
    wait_for(&passed, TOGETHER);
    is_number(end_jobs(&leaving, 1, SI_FORWARD_TIMEOUT), 1,
              "a worker leaves a blocked engine at its time limit");
    hold_connect = 0;
    is_number(end_jobs(jobs, TOGETHER, SI_FORWARD_ANSWERED), TOGETHER,
              "all other workers get their answer when the engine continues");
    si_forwarder_stop(forwarder);
}

static void test_cap_and_timeout(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("127.0.0.1", upstream_port, 2, 1, &endpoint);
    const int before = requests;
    si_response_t third;
    job_t jobs[2];

    begin_jobs(jobs, 2, forwarder, endpoint, "/stall", SECOND / 2);
    wait_for(&requests, before + 2);
    third = call(forwarder, endpoint, "/v1/session/third", 2 * SECOND);
    is_number(third.outcome, SI_FORWARD_BUSY, "a call above the cap is refused");
    ok(third.time < SECOND / 2, "a call above the cap is refused at once");
    is_number(end_jobs(jobs, 2, SI_FORWARD_TIMEOUT), 2, "a call to a stalling upstream times out");
    ok(jobs[0].answer.time >= SECOND / 2 - 2000 && jobs[0].answer.time < SECOND * 3 / 2,
       "a call to a stalling upstream ends at the time limit");
    is(jobs[0].answer.stage, "answer", "a call to a stalling upstream reports its stage");
    is_number(call(forwarder, endpoint, "/v1/session/after", 2 * SECOND).outcome,
              SI_FORWARD_ANSWERED, "after the stalled calls the slots are free again");
    si_forwarder_stop(forwarder);
}

static void *end_at_the_gate(void *thread)
{
    wait_for(&gated, 1);
    pthread_kill(*(pthread_t *)thread, SIGTERM);
    return NULL;
}

/* Trap 5: without an engine thread, as under prefork. */
static void test_end_by_signal(void)
{
    const struct sigaction action = { .sa_handler = end_child };
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("127.0.0.1", upstream_port, 1, 0, &endpoint);
    pthread_t self = pthread_self(), other;
    struct sigaction before;

    sigaction(SIGTERM, &action, &before);
    end_in_connect = 1;
    is_number(call(forwarder, endpoint, "/close", 30 * SECOND).outcome, SI_FORWARD_ANSWERED,
              "a call during which SIGTERM comes is answered");
    is_number(ends, 1, "SIGTERM ends the child after the call");

    gate_is_open = gated = 0;
    pthread_create(&other, NULL, end_at_the_gate, &self);
    is_number(call(forwarder, endpoint, "/gate", 60 * SECOND).outcome, SI_FORWARD_ANSWERED,
              "the signal handler ends a call that waits for its answer");
    pthread_join(other, NULL);
    is_number(ends, 2, "SIGTERM ends the child while a call waits");
    sigaction(SIGTERM, &before, NULL);
    gate_is_open = gated = passed = 0;
}

/* Counts libcurl's pairs of UNIX sockets, one per multi handle; nothing else here has any. */
static int is_wake_up_pair(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);

    return getsockname(fd, (struct sockaddr *)&address, &length) == 0
           && address.ss_family == AF_UNIX;
}

/* Trap 4. */
static void test_close_on_exec(si_forwarder_t *forwarder, const si_endpoint_t *endpoint)
{
    DIR *directory;
    struct dirent *entry;
    int seen = 0;
    int open = 0;

    call(forwarder, endpoint, "/v1/session/kept", 2 * SECOND);
    directory = opendir("/proc/self/fd");
    while (directory && (entry = readdir(directory))) {
        const int fd = atoi(entry->d_name);
        struct sockaddr_in peer;
        socklen_t length = sizeof(peer);
        char name[64] = "";
        const int is_upstream = getpeername(fd, (struct sockaddr *)&peer, &length) == 0
                                && peer.sin_family == AF_INET
                                && ntohs(peer.sin_port) == upstream_port;

        if (readlinkat(dirfd(directory), entry->d_name, name, sizeof(name) - 1) < 0) {
            continue;
        }
        if (is_upstream || is_wake_up_pair(fd) || strstr(name, "[eventpoll]")
            || strstr(name, "[eventfd]")) {
            seen++;
            open += !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        }
    }
    closedir(directory);
    ok(seen >= 3, "the parent has connections, epoll and eventfd (%d)", seen);
    is_number(open, 0, "a CGI child inherits none of the forwarder's descriptors");
}

/* The listener needs some descriptors too. */
static void test_descriptors(void)
{
    const si_endpoint_t *endpoint;
    int before = count_entries("/proc/self/fd");
    si_forwarder_t *forwarder = start("127.0.0.1", upstream_port, 1000000, 1, &endpoint);
    job_t jobs[4];

    ok(count_entries("/proc/self/fd") - before < 300,
       "a million calls would be allowed, with few descriptors");
    begin_jobs(jobs, 4, forwarder, endpoint, "/slow", 4 * SECOND);
    is_number(end_jobs(jobs, 4, SI_FORWARD_ANSWERED), 4,
              "with few descriptors some calls are made");
    si_forwarder_stop(forwarder);

    before = count_entries("/proc/self/fd");
    start("127.0.0.1", upstream_port, 1000000, 0, &endpoint);
    ok(count_entries("/proc/self/fd") - before < 10, "a child with one worker needs hardly any");
}

/* Trap 1: libcurl would start a resolver thread for each of them. */
static void test_names(void)
{
    const si_endpoint_t *endpoint;
    const int before = lookups; /* the first look-up begins with the forwarder */
    si_forwarder_t *forwarder = start("upstream.test", upstream_port, 16, 1, &endpoint);
    si_response_t answered;
    job_t jobs[16];

    begin_jobs(jobs, 16, forwarder, endpoint, "/v1/session/name", 2 * SECOND);
    is_number(end_jobs(jobs, 16, SI_FORWARD_ANSWERED), 16, "a name is resolved");
    call(forwarder, endpoint, "/v1/session/name", 2 * SECOND);
    is_number(lookups - before, 1, "a name is resolved once for all calls, and not by libcurl");
    si_forwarder_stop(forwarder);

    forwarder = start("gone.test", upstream_port, 4, 1, &endpoint);
    answered = call(forwarder, endpoint, "/v1/session/name", 2 * SECOND);
    is_number(answered.outcome, SI_FORWARD_UNRESOLVED, "a name that does not exist fails");
    is(answered.stage, "resolve", "a name that does not exist fails in the stage resolve");
    si_forwarder_stop(forwarder);
}

/* Nothing listens at the other address. */
static void name_moves(unsigned address)
{
    upstream_address = address;
    wait_for(&lookups, lookups + 2); /* by the second call, the result of the first is known */
}

static void test_name_that_moves(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder;

    name_refresh = 1;
    forwarder = start("upstream.test", upstream_port, 4, 1, &endpoint);
    name_refresh = SI_NAME_REFRESH;
    is_number(call(forwarder, endpoint, "/v1/session/name", 2 * SECOND).outcome,
              SI_FORWARD_ANSWERED, "a call to a name is answered");
    name_moves(INADDR_LOOPBACK + 1);
    is_number(call(forwarder, endpoint, "/v1/session/name", 2 * SECOND).outcome,
              SI_FORWARD_ANSWERED, "a name moves: the kept connection is used");
    is_number(call(forwarder, endpoint, "/stale", 2 * SECOND).outcome, SI_FORWARD_UNREACHABLE,
              "a name moves: a new connection goes to the new address");
    name_moves(INADDR_LOOPBACK);
    is_number(call(forwarder, endpoint, "/v1/session/name", 2 * SECOND).outcome,
              SI_FORWARD_ANSWERED,
              "a name moves back: the next connection goes to the first address");
    si_forwarder_stop(forwarder);
}

/* Calls without a pause: the connection is never idle. */
static void *run_with_age(void *data)
{
    job_t *job = data;
    const int last = connections + 16;

    while (connections < last) {
        apr_pool_clear(job->pool);
        run_job(job);
        if (job->answer.outcome != SI_FORWARD_ANSWERED) {
            break;
        }
    }
    return NULL;
}

/* The engine and the worker's own thread at once, each with one busy connection at a time. */
static void test_age(void)
{
    const si_endpoint_t *endpoints[2];
    si_forwarder_t *by[2];
    job_t jobs[2];
    int i, before;

    for (i = 0; i < 2; i++) {
        by[i] = start("127.0.0.1", upstream_port, 1, i, &endpoints[i]);
        jobs[i] = make_job(by[i], endpoints[i], "/v1/session/age", 60 * SECOND);
        run_job(&jobs[i]);
    }
    before = connections;
    for (i = 0; i < 200; i++) {
        run_job(&jobs[i % 2]);
    }
    is_number(connections, before, "no age limit: the connections are kept");
    for (i = 0; i < 2; i++) {
        jobs[i].max_age = SECOND;
        pthread_create(&jobs[i].thread, NULL, run_with_age, &jobs[i]);
    }
    for (i = 0; i < 2; i++) {
        pthread_join(jobs[i].thread, NULL);
        is_number(jobs[i].answer.outcome, SI_FORWARD_ANSWERED,
                  "age limit, %s: no call fails as connections end",
                  i ? "engine thread" : "worker's own thread");
    }
    ok(connections >= before + 16, "age limit: busy connections end, sixteen in all");
    si_forwarder_stop(by[1]);
}

static void test_silent_name_server(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("silent.test", upstream_port, 4, 1, &endpoint);
    const si_response_t answered = call(forwarder, endpoint, "/v1/session/name", SECOND / 4);

    is_number(answered.outcome, SI_FORWARD_TIMEOUT, "a resolver that never answers is a timeout");
    is(answered.stage, "resolve", "a resolver that never answers is reported as the stage resolve");
    ok(answered.time < SECOND / 4 + SECOND,
       "a resolver that never answers: the worker is free within the limit and a second");
    si_forwarder_stop(forwarder);
    ok(is_silent, "a stop does not wait for a resolver that never answers");
    is_silent = 0;
}

/* The threads of this process that block every signal that can be blocked. */
static int threads_without_signals(void)
{
    DIR *directory = opendir("/proc/self/task");
    const struct dirent *entry;
    int count = 0;

    while (directory && (entry = readdir(directory))) {
        char path[300], line[200];
        unsigned long long blocked = 0;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
        FILE *status = fopen(path, "r");
        while (status && fgets(line, sizeof(line), status)) {
            if (strncmp(line, "SigBlk:", 7) == 0) {
                blocked = strtoull(line + 7, NULL, 16);
            }
        }
        if (status) {
            fclose(status);
        }
        for (int signal = 1; signal < 32; signal++) {
            if (signal != SIGKILL && signal != SIGSTOP && !(blocked >> (signal - 1) & 1)) {
                blocked = 0;
            }
        }
        count += blocked != 0;
    }
    closedir(directory);
    return count;
}

/*
 * Returns their number as soon as it is count, or after some seconds: a joined thread may still be
 * visible.
 */
static int threads_without_signals_become(int count)
{
    int tries;

    for (tries = 0; tries < 5000 * tap_patience() && threads_without_signals() != count; tries++) {
        usleep(1000);
    }
    return threads_without_signals();
}

/* Traps 5 and 6: what starts with the forwarder, and that its threads block the MPM's signals. */
static void test_threads(void)
{
    static const struct {
        const char *host;
        int is_threaded;
        int threads;
    } cases[] = { { "127.0.0.1", 0, 0 }, { "127.0.0.1", 1, 1 }, { "upstream.test", 1, 2 } };
    size_t i;

    for (i = 0; i < COUNT_OF(cases); i++) {
        const int before = threads_without_signals_become(0);
        const si_endpoint_t *endpoint;
        si_forwarder_t *forwarder = start(cases[i].host, upstream_port, 4, cases[i].is_threaded,
                                          &endpoint);
        is_number(threads_without_signals_become(before + cases[i].threads) - before,
                  cases[i].threads, "%s, %s: threads at once, and all signals blocked in them",
                  cases[i].host, cases[i].is_threaded ? "engine thread" : "worker's own thread");
        si_forwarder_stop(forwarder);
    }
}

static void test_refused(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("127.0.0.1", 1, 4, 1, &endpoint);
    const si_response_t answered = call(forwarder, endpoint, "/v1/session/x", 2 * SECOND);

    is_number(answered.outcome, SI_FORWARD_UNREACHABLE,
              "a refused connection is reported as unreachable");
    is(answered.stage, "connect", "a refused connection is reported with its stage");
    si_forwarder_stop(forwarder);
}

/* Trap 2: the engine does not run, the worker leaves, and the engine still owns what it left. */
static int lowest_free_descriptor(void)
{
    const int fd = dup(STDOUT_FILENO);

    close(fd);
    return fd;
}

/* libcurl's message for each of them is "Couldn't connect to server". */
static void test_system_reason(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("127.0.0.1", upstream_port, 4, 1, &endpoint);
    static const int reasons[] = { EACCES, EADDRNOTAVAIL, ECONNREFUSED, ENETUNREACH };
    struct rlimit descriptors, none_left;
    size_t i;

    for (i = 0; i < COUNT_OF(reasons); i++) {
        connect_fails = reasons[i];
        const si_response_t answer = call(forwarder, endpoint, "/v1/x", 2 * SECOND);
        connect_fails = 0;
        is_number(answer.outcome, SI_FORWARD_UNREACHABLE, "connect fails: %s",
                  strerror(reasons[i]));
        contains(answer.cause, strerror(reasons[i]), "the cause says: %s", strerror(reasons[i]));
    }
    getrlimit(RLIMIT_NOFILE, &descriptors);
    none_left = descriptors;
    none_left.rlim_cur = (rlim_t)lowest_free_descriptor();
    setrlimit(RLIMIT_NOFILE, &none_left);
    const si_response_t answer = call(forwarder, endpoint, "/v1/x", 2 * SECOND);
    setrlimit(RLIMIT_NOFILE, &descriptors);
    is_number(answer.outcome, SI_FORWARD_UNREACHABLE, "no socket: %s", strerror(EMFILE));
    contains(answer.cause, strerror(EMFILE), "the cause says: %s", strerror(EMFILE));
    is_number(call(forwarder, endpoint, "/v1/x", 2 * SECOND).outcome, SI_FORWARD_ANSWERED,
              "after the lack of sockets a call is answered");
    si_forwarder_stop(forwarder);
}

static void test_folded_header(si_forwarder_t *forwarder, const si_endpoint_t *endpoint)
{
    const si_response_t answer = call(forwarder, endpoint, "/folded", 2 * SECOND);

    is_number(answer.headers->nelts, 4, "folded headers: the allowed ones pass");
    is(APR_ARRAY_IDX(answer.headers, 1, const char *), "text/plain; a=b; c=d",
       "a folded header is joined by spaces");
    is(APR_ARRAY_IDX(answer.headers, 3, const char *), "9",
       "a header that begins on its second line has no blank before its value");
}

static void test_stuck_engine(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("127.0.0.1", upstream_port, 4, 1, &endpoint);
    job_t held = make_job(forwarder, endpoint, "/v1/session/held", SECOND / 10);
    job_t queued = make_job(forwarder, endpoint, "/v1/session/queued", SECOND / 10);
    const int before = requests;

    hold_connect = 1;
    pthread_create(&held.thread, NULL, run_job, &held);
    wait_for(&is_held, 1);
    pthread_create(&queued.thread, NULL, run_job, &queued);
    is_number(end_jobs(&held, 1, SI_FORWARD_TIMEOUT) + end_jobs(&queued, 1, SI_FORWARD_TIMEOUT), 2,
              "workers leave an engine that does not run");
    ok(queued.answer.time >= APR_USEC_PER_SEC,
       "workers leave an engine that does not run a second after their time limit");
    ok(held.answer.was_called, "workers that left report that the upstream was called");
    /*
     * Clears them as httpd clears a request's pool after the worker has answered; the last two are
     * still in use.
     */
    apr_pool_destroy(job_pools[--job_pool_count]);
    apr_pool_destroy(job_pools[--job_pool_count]);
    hold_connect = 0;
    is_number(call(forwarder, endpoint, "/v1/session/after", 2 * SECOND).outcome,
              SI_FORWARD_ANSWERED, "the engine continues its calls");
    ok(!strstr(last_request, "/queued"), "the engine begins no session for a worker that has left");
    ok(requests - before <= 2, "the engine sends no session twice");
    si_forwarder_stop(forwarder);
}

/*
 * More calls hang in their handshake than may: calls to another endpoint pass them, and no call
 * waits for a slot longer than its time limit.
 */
static void test_hanging_endpoint(void)
{
    enum {
        HANGING = 150
    };
    apr_array_header_t *endpoints = apr_array_make(pool, 2, sizeof(const si_endpoint_t *));
    const si_endpoint_t *hanging = add_endpoint(endpoints, "https", "127.0.0.1", upstream_port);
    const si_endpoint_t *healthy = add_endpoint(endpoints, "http", "127.0.0.1", upstream_port);
    si_forwarder_t *forwarder = start_for(endpoints, "two endpoints", 200, 1);
    const int before = connections;
    si_response_t answered;
    job_t jobs[HANGING];
    int called = 0;
    int i;

    answered = call(forwarder, hanging, "/v1/session/hanging", SECOND);
    is_number(answered.outcome, SI_FORWARD_TIMEOUT, "a call whose handshake hangs times out");
    ok(strcmp(answered.stage, "queue") != 0,
       "a call whose handshake hangs times out in the engine");

    begin_jobs(jobs, HANGING, forwarder, hanging, "/v1/session/hanging", 90 * SECOND);
    wait_for(&connections, before + 1 + 128);
    answered = call(forwarder, healthy, "/v1/session/healthy", 60 * SECOND);
    is_number(answered.outcome, SI_FORWARD_ANSWERED,
              "an endpoint that hangs does not delay another one");
    answered = call(forwarder, hanging, "/v1/session/hurried", SECOND / 4);
    is_number(answered.outcome, SI_FORWARD_TIMEOUT,
              "a call queued after others with a longer limit times out");
    is(answered.stage, "queue", "a queued call that times out reports the stage queue");
    is(answered.cause, "the time limit passed before it could begin",
       "a queued call that times out reports the reason");
    is_number(answered.was_called, 0, "a queued call that times out has not called the upstream");

    si_forwarder_stop(forwarder);
    is_number(end_jobs(jobs, HANGING, SI_FORWARD_STOPPING), HANGING,
              "all hanging calls are stopped");
    for (i = 0; i < HANGING; i++) {
        called += jobs[i].answer.was_called;
    }
    is_number(called, 128, "no more than 128 calls connect at once");
}

/* Trap 7. */
static void test_stop(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("127.0.0.1", upstream_port, 4, 1, &endpoint);
    const int before = requests;
    const apr_time_t start_time = apr_time_now();
    job_t jobs[3];

    begin_jobs(jobs, 3, forwarder, endpoint, "/stall", 10 * SECOND);
    wait_for(&requests, before + 3);
    si_forwarder_stop(forwarder);
    is_number(end_jobs(jobs, 3, SI_FORWARD_STOPPING), 3,
              "a stopping engine ends the waiting calls");
    ok(apr_time_now() - start_time < 5 * SECOND,
       "a stopping engine ends the waiting calls at once");
    is_number(call(forwarder, endpoint, "/v1/session/late", 2 * SECOND).outcome,
              SI_FORWARD_STOPPING, "a stopped engine refuses later calls");
}

/*
 * Many workers at once, with upstreams of every kind, until the child process ends while calls are
 * under way.
 */
enum {
    LOAD_WORKERS = 16,
    LOAD_PLACES = 12,
    LOAD_REQUESTS = 300,
    LOAD_CALLS = 5000 /* of a worker, at most */
};

typedef struct {
    job_t job;
    int first; /* of the targets */
    int outcomes[SI_FORWARD_TIMEOUT + 1];
    int wrong;
} load_t;

static int is_expected(const job_t *job)
{
    switch (job->answer.outcome) {
    case SI_FORWARD_ANSWERED:
        return job->answer.status == 200 && job->answer.body_length == 2
               && memcmp(job->answer.body, "{}", 2) == 0;
    case SI_FORWARD_TIMEOUT:
        return strcmp(job->target, "/stall") == 0;
    default:
        return job->answer.outcome == SI_FORWARD_BUSY || job->answer.outcome == SI_FORWARD_STOPPING;
    }
}

static void *run_load(void *data)
{
    static const char *const targets[] = { "/v1/session/load", "/stale", "/reset", "/stall" };
    load_t *load = data;
    job_t *job = &load->job;
    int i;

    for (i = load->first; i < LOAD_CALLS && !load->outcomes[SI_FORWARD_STOPPING]; i++) {
        job->target = targets[i % (int)COUNT_OF(targets)];
        job->timeout = strcmp(job->target, "/stall") == 0 ? SECOND / 50 : 30 * SECOND;
        run_job(job);
        load->outcomes[job->answer.outcome]++;
        load->wrong += !is_expected(job);
        if (job->answer.outcome == SI_FORWARD_BUSY) {
            usleep(1000);
        }
        apr_pool_clear(job->pool);
    }
    return NULL;
}

static void test_load(void)
{
    apr_array_header_t *endpoints = apr_array_make(pool, 2, sizeof(const si_endpoint_t *));
    const si_endpoint_t *by[] = { add_endpoint(endpoints, "http", "127.0.0.1", upstream_port),
                                  add_endpoint(endpoints, "http", "upstream.test", upstream_port) };
    si_forwarder_t *forwarder = start_for(endpoints, "the load", LOAD_PLACES, 1);
    const int before = requests;
    load_t loads[LOAD_WORKERS];
    int answered = 0, stopped = 0, wrong = 0;
    int i;

    for (i = 0; i < LOAD_WORKERS; i++) {
        loads[i] = (load_t){ .job = make_job(forwarder, by[i % 2], "", 0), .first = i };
        pthread_create(&loads[i].job.thread, NULL, run_load, &loads[i]);
    }
    wait_for(&requests, before + LOAD_REQUESTS);
    si_forwarder_stop(forwarder);
    for (i = 0; i < LOAD_WORKERS; i++) {
        pthread_join(loads[i].job.thread, NULL);
        answered += loads[i].outcomes[SI_FORWARD_ANSWERED];
        stopped += loads[i].outcomes[SI_FORWARD_STOPPING];
        wrong += loads[i].wrong;
    }
    ok(answered >= LOAD_REQUESTS / 4, "load: calls are answered (%d)", answered);
    is_number(wrong, 0, "load: each call has the outcome of its upstream, whatever the others do");
    is_number(stopped, LOAD_WORKERS, "load: the stop ends every worker's call, once");
}

/*
 * --slow is for valgrind and similar tools: it sets longer time limits, and avoids a hundred TLS
 * handshakes at once.
 */
int main(int argc, char **argv)
{
    const int is_slow = argc > 1 && strcmp(argv[1], "--slow") == 0;
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder;

    patience = tap_patience() * (is_slow ? 4 : 1);
    pool = tap_pool();
    start_upstream();
    is(si_tls_library_without_ca(), NULL, "this libcurl accepts the caller's own certificates");

    forwarder = start("127.0.0.1", upstream_port, 8, 1, &endpoint);
    test_answer(forwarder, endpoint, "engine thread");
    test_request_bytes(forwarder, endpoint);
    test_stale_connection(forwarder, endpoint);
    test_reset_connection(forwarder, endpoint);
    test_one_x_x(forwarder, endpoint);
    test_large(forwarder, endpoint);
    test_folded_header(forwarder, endpoint);
    test_close_on_exec(forwarder, endpoint);
    si_forwarder_stop(forwarder);

    forwarder = start("127.0.0.1", upstream_port, 1, 0, &endpoint);
    test_answer(forwarder, endpoint, "worker's own thread");
    test_stale_connection(forwarder, endpoint);

    test_burst_keeps_connections();
    test_end_by_signal();
    test_ended_together();
    test_cap_and_timeout();
    test_threads();
    test_names();
    test_name_that_moves();
    test_age();
    test_refused();
    test_system_reason();
    test_silent_name_server();
    test_stuck_engine();
    if (!is_slow) {
        test_hanging_endpoint();
    }
    test_stop();
    test_load();
    test_descriptors();
    while (job_pool_count > 0) {
        apr_pool_destroy(job_pools[--job_pool_count]);
    }
    return done();
}
