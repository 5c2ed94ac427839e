/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The benchmark's players: N clients on kept connections, each sending the same request again as
 * soon as its answer is whole.
 *
 *     load -p PORT -f REQUEST_FILE -e STATUS [-c CLIENTS] [-n REQUESTS | -t SECONDS] [-w SECONDS]
 *          [-g PAUSE_MS] [-r STATUS]
 *
 * -e: the status that is not an error, -r: another; -w: warm-up, not measured; -g: a client's
 * pause between two requests. An answer with Retry-After is heeded. No answer within 30 s is an
 * error. Prints one JSON object.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 8192
#define EVENTS_PER_TURN 512
#define ANSWER_LIMIT_US 30000000

typedef struct {
    int fd;
    size_t sent;
    char head[HEAD_MAX];
    size_t head_length;
    long body_left; /* -1 while the head has not come whole */
    int status;
    int closes; /* the server said so */
    int served; /* answers on this connection */
    int64_t retry_after;
    int64_t start;
    int64_t next; /* while pausing: when to send again */
} client_t;

static char *request;
static size_t request_length;
static int port, expected = 200, refusal, client_count = 1;
static long requests_left = -1, in_flight;
static int64_t pause_us, measure_from, end_at = INT64_MAX;
static int epoll;

static uint32_t *latencies;
static size_t done, capacity;
static int64_t first_start, last_end;
static long by_status[1000], broken, refused, late, stale, reconnects;

static int64_t now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void read_request(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;

    if (!file || fstat(fileno(file), &status) != 0) {
        die(path);
    }
    request_length = (size_t)status.st_size;
    request = malloc(request_length + 1);
    if (fread(request, 1, request_length, file) != request_length) {
        die(path);
    }
    fclose(file);
}

static void record(int64_t start, int64_t end)
{
    if (start < measure_from) {
        return;
    }
    if (done == capacity) {
        capacity = capacity ? 2 * capacity : 65536;
        latencies = realloc(latencies, capacity * sizeof(*latencies));
    }
    first_start = first_start ? first_start : start;
    last_end = end;
    latencies[done++] = (uint32_t)(end - start);
}

static void want(client_t *client, int operation, unsigned events)
{
    struct epoll_event event = { .events = events, .data = { .ptr = client } };

    epoll_ctl(epoll, operation, client->fd, &event);
}

static int connect_client(client_t *client)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)port),
                                         .sin_addr = { htonl(INADDR_LOOPBACK) } };
    const int on = 1;

    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0
        || (connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0
            && errno != EINPROGRESS)) {
        return 0;
    }
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    want(client, EPOLL_CTL_ADD, EPOLLOUT);
    return 1;
}

/* Sends what is left of the request; on a connection that is not up yet, epoll calls again. */
static int send_rest(client_t *client)
{
    while (client->sent < request_length) {
        const ssize_t wrote = write(client->fd, request + client->sent,
                                    request_length - client->sent);
        if (wrote < 0) {
            want(client, EPOLL_CTL_MOD, EPOLLOUT | EPOLLIN);
            return errno == EAGAIN;
        }
        client->sent += (size_t)wrote;
        if (client->sent == request_length) {
            want(client, EPOLL_CTL_MOD, EPOLLIN);
        }
    }
    return 1;
}

static void disconnect(client_t *client)
{
    close(client->fd);
    client->fd = -1;
    client->served = 0;
}

/* Begins the client's next request, if there is one to send. */
static void begin(client_t *client)
{
    const int64_t now = now_us();

    client->next = 0;
    if (requests_left == 0 || now >= end_at) {
        return;
    }
    requests_left -= requests_left > 0;
    in_flight++;
    client->sent = client->head_length = 0;
    client->body_left = -1;
    client->start = now;
    if (client->fd < 0 ? !connect_client(client) : !send_rest(client)) {
        refused++;
        in_flight--;
        disconnect(client);
        client->next = now + 100000;
    }
}

static void on_answer(client_t *client)
{
    const int64_t now = now_us();

    in_flight--;
    client->served++;
    record(client->start, now);
    if (client->start >= measure_from) {
        by_status[client->status]++;
    }
    if (client->closes) {
        disconnect(client);
        reconnects++;
    }
    if (pause_us + client->retry_after > 0) {
        client->next = now + pause_us + client->retry_after;
        return;
    }
    begin(client);
}

/* No answer will come. The next try is put off a little: a server that refuses is not hammered. */
static void on_break(client_t *client, long *counter)
{
    ++*counter;
    in_flight--;
    disconnect(client);
    client->next = now_us() + 100000;
}

/*
 * The server has closed. A kept connection that dies before a byte of the answer is replaced, and
 * the request sent again, as browsers do.
 */
static void on_close(client_t *client)
{
    if (client->served == 0 || client->head_length > 0) {
        on_break(client, &broken);
        return;
    }
    stale++;
    disconnect(client);
    client->sent = 0;
    if (!connect_client(client)) {
        on_break(client, &refused);
    }
}

static int read_head(client_t *client)
{
    char *end, *field;

    client->head[client->head_length] = '\0';
    end = strstr(client->head, "\r\n\r\n");
    if (!end) {
        return client->head_length < HEAD_MAX - 1;
    }
    if (client->head_length < 12 || memcmp(client->head, "HTTP/1.1 ", 9) != 0) {
        return 0;
    }
    client->status = atoi(client->head + 9) % 1000;
    *end = '\0';
    field = strcasestr(client->head, "\r\nConnection: close");
    client->closes = field != NULL;
    field = strcasestr(client->head, "\r\nRetry-After:");
    client->retry_after = field ? atol(field + 14) * 1000000 : 0;
    field = strcasestr(client->head, "\r\nContent-Length:");
    if (!field) {
        fprintf(stderr, "load: an answer without Content-Length:\n%s\n", client->head);
        exit(1);
    }
    client->body_left = atol(field + 17)
                        - (long)(client->head_length - (size_t)(end + 4 - client->head));
    return 1;
}

static void on_readable(client_t *client)
{
    static char body[65536];

    for (;;) {
        const int in_body = client->body_left > 0;
        char *to = in_body ? body : client->head + client->head_length;
        const size_t space = in_body ? sizeof(body) : HEAD_MAX - 1 - client->head_length;
        const ssize_t got = read(client->fd, to, space);
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        if (got <= 0) {
            on_close(client);
            return;
        }
        if (in_body) {
            client->body_left -= got;
        }
        else {
            client->head_length += (size_t)got;
            if (!read_head(client)) {
                on_break(client, &broken);
                return;
            }
        }
        if (client->body_left == 0) {
            on_answer(client);
            return;
        }
    }
}

static void on_event(client_t *client, unsigned events)
{
    if (client->fd < 0) {
        return;
    }
    if (client->next) { /* between two requests, the server closes */
        disconnect(client);
        return;
    }
    if ((events & EPOLLOUT) && !send_rest(client)) {
        on_close(client);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        on_readable(client);
    }
}

/* What no event brings: the end of a pause, an answer that does not come. */
static void look_at_clocks(client_t *clients, int64_t now)
{
    int i;

    for (i = 0; i < client_count; i++) {
        client_t *client = &clients[i];
        if (client->next && client->next <= now) {
            begin(client);
        }
        else if (!client->next && client->fd >= 0 && client->body_left != 0
                 && now - client->start > ANSWER_LIMIT_US) {
            on_break(client, &late);
        }
    }
}

static void run(client_t *clients)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int64_t looked = 0;
    int i;

    for (i = 0; i < client_count; i++) {
        clients[i].fd = -1;
        begin(&clients[i]);
    }
    while (in_flight > 0 || (requests_left != 0 && now_us() < end_at)) {
        const int count = epoll_wait(epoll, events, EVENTS_PER_TURN, pause_us ? 1 : 20);
        const int64_t now = now_us();
        for (i = 0; i < count; i++) {
            on_event(events[i].data.ptr, events[i].events);
        }
        if (now - looked >= (pause_us ? 500 : 20000)) {
            look_at_clocks(clients, now);
            looked = now;
        }
    }
}

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double percentile_ms(double share)
{
    return done ? latencies[(size_t)(share * (double)(done - 1))] / 1000.0 : 0;
}

static void report(void)
{
    const double seconds = (double)(last_end - first_start) / 1e6;
    long errors = broken + refused + late;
    int status, is_first = 1;

    qsort(latencies, done, sizeof(*latencies), compare);
    for (status = 0; status < 1000; status++) {
        errors += status == expected || status == refusal ? 0 : by_status[status];
    }
    printf("{\"requests\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"good_rate\":%.1f,\"p50_ms\":%.3f,"
           "\"p99_ms\":%.3f,\"max_ms\":%.3f,\"errors\":%ld,\"broken\":%ld,\"refused\":%ld,"
           "\"late\":%ld,\"stale\":%ld,\"reconnects\":%ld,\"statuses\":{",
           done, seconds, seconds > 0 ? (double)done / seconds : 0,
           seconds > 0 ? (double)by_status[expected] / seconds : 0, percentile_ms(0.5),
           percentile_ms(0.99), percentile_ms(1), errors, broken, refused, late, stale,
           reconnects);
    for (status = 0; status < 1000; status++) {
        if (by_status[status]) {
            printf("%s\"%d\":%ld", is_first ? "" : ",", status, by_status[status]);
            is_first = 0;
        }
    }
    printf("}}\n");
}

int main(int argc, char **argv)
{
    double seconds = 0, warm_up = 0;
    client_t *clients;
    int option;

    signal(SIGPIPE, SIG_IGN);
    while ((option = getopt(argc, argv, "p:f:e:r:c:n:t:w:g:")) != -1) {
        switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'f': read_request(optarg); break;
        case 'e': expected = atoi(optarg); break;
        case 'r': refusal = atoi(optarg); break;
        case 'c': client_count = atoi(optarg); break;
        case 'n': requests_left = atol(optarg); break;
        case 't': seconds = atof(optarg); break;
        case 'w': warm_up = atof(optarg); break;
        case 'g': pause_us = (int64_t)(atof(optarg) * 1000); break;
        default: return 2;
        }
    }
    clients = calloc((size_t)client_count, sizeof(*clients));
    if (!request || !port || !clients || (requests_left < 0 && seconds <= 0)) {
        fprintf(stderr, "usage: load -p PORT -f REQUEST_FILE -e STATUS "
                        "[-r STATUS] [-c CLIENTS] [-n REQUESTS | -t SECONDS] "
                        "[-w SECONDS] [-g PAUSE_MS]\n");
        return 2;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    measure_from = now_us() + (int64_t)(warm_up * 1e6);
    if (seconds > 0) {
        end_at = measure_from + (int64_t)(seconds * 1e6);
    }
    run(clients);
    report();
    return 0;
}
