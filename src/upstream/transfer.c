/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/transfer.h"

#include "base/chars.h"
#include "base/clock.h"
#include "upstream/headers.h"

#include <apr_strings.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/sockios.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * Kept buffers above this go back to the system: a rare large body must not cost memory for ever.
 */
#define KEPT_BUFFER (64 * 1024)

/*
 * Below the idle time after which AWS's load balancers close (60 s): a dead connection is seldom
 * met.
 */
#define CONNECTION_MAX_IDLE 50L

/* Receive buffer: an answer is some hundred bytes, and every kept handle holds one. */
#define RECEIVE_BUFFER 4096L

/* Over TLS libcurl copies the request's head there: its least, a quarter of what it would take. */
#define UPLOAD_BUFFER 16384L

/*
 * What sem_init is told, though no other process uses it. Linux 6.16 and later keep the waiters of
 * one process's own semaphores in a few lists, sixteen on two processors, and look through
 * thousands of workers for each that is woken; shared semaphores are in the system's large table.
 */
#define SHARED 1

static int reserve(si_buffer_t *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity) {
        return 1;
    }
    capacity = capacity < 2 * buffer->capacity ? 2 * buffer->capacity : capacity;
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        return 0;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return 1;
}

static int append(si_buffer_t *buffer, const char *bytes, size_t length)
{
    if (!reserve(buffer, buffer->length + length)) {
        return 0;
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    return 1;
}

static void release(si_buffer_t *buffer)
{
    free(buffer->bytes);
    memset(buffer, 0, sizeof(*buffer));
}

/* A number of at most three digits behind "HTTP/1.x ". */
static int read_status(const char *line, size_t length)
{
    const char *space = memchr(line, ' ', length);
    const char *end = line + length;
    int status = 0;
    int digits;

    if (!space) {
        return 0;
    }
    for (digits = 0, space++; digits < 3 && space < end && *space >= '0' && *space <= '9';
         digits++) {
        status = status * 10 + (*space++ - '0');
    }
    return digits == 3 ? status : 0;
}

static void begin_answer(si_call_t *call, const char *line, size_t length)
{
    const size_t before_reason = sizeof("HTTP/1.1 200 ") - 1;
    const size_t reason_length = length > before_reason ? length - before_reason : 0;

    call->status = read_status(line, length);
    call->head.length = 0;
    call->has_whole_head = 0;
    call->has_length = 0;
    call->has_connection_header = 0;
    call->header_passes = 0;
    call->reason[0] = '\0';
    if (reason_length < sizeof(call->reason)
        && !si_has_control(line + before_reason, reason_length)) {
        memcpy(call->reason, line + before_reason, reason_length);
        call->reason[reason_length] = '\0';
    }
}

static int is_name(const char *line, size_t length, const char *name)
{
    return length == strlen(name) && strncasecmp(line, name, length) == 0;
}

/* Notes what tells whether the upstream may close the connection after its answer. */
static void note_framing(si_call_t *call, const char *line, size_t length)
{
    if (is_name(line, length, "Content-Length") || is_name(line, length, "Transfer-Encoding")) {
        call->has_length = 1;
    }
    else if (is_name(line, length, "Connection")) {
        call->has_connection_header = 1;
    }
}

/* Cuts blanks off both ends of a value, and returns its length. */
static size_t trim(const char **value, const char *end)
{
    while (*value < end && (**value == ' ' || **value == '\t')) {
        (*value)++;
    }
    while (end > *value && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (size_t)(end - *value);
}

static void drop_header(si_call_t *call)
{
    call->head.length = call->header_start;
    call->header_passes = 0;
}

/* A line that goes on with the header before it, which is joined by a space (RFC 9112, 5.2). */
static int continue_header(si_call_t *call, const char *line, size_t length)
{
    const char *value = line;
    const size_t value_length = trim(&value, line + length);

    if (!call->header_passes || value_length == 0) {
        return 1;
    }
    if (!si_is_field_value(value, value_length)) {
        drop_header(call);
        return 1;
    }
    call->head.length--; /* the NUL */
    if (call->head.bytes[call->head.length - 1] != '\0' && !append(&call->head, " ", 1)) {
        return 0;
    }
    return append(&call->head, value, value_length) && append(&call->head, "", 1);
}

static int keep_header(si_call_t *call, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);

    call->header_passes = 0;
    call->header_start = call->head.length;
    if (!colon) {
        return 1;
    }
    note_framing(call, line, (size_t)(colon - line));
    if (!si_answer_header_passes(line, (size_t)(colon - line))) {
        return 1;
    }
    const char *value = colon + 1;
    const size_t value_length = trim(&value, line + length);
    if (!si_is_field_value(value, value_length)) {
        return 1;
    }
    call->header_passes = 1;
    return append(&call->head, line, (size_t)(colon - line)) && append(&call->head, "", 1)
           && append(&call->head, value, value_length) && append(&call->head, "", 1);
}

/*
 * Whether an answer begins of which the upstream's system has acknowledged no byte of the request:
 * then it was sent before the request arrived. An answer to a request acknowledges it. A request
 * that libcurl wrote in several pieces, which is a large one, is not looked at.
 */
static int is_unacknowledged(const si_call_t *call)
{
    int unacknowledged = 0;
    long written = 0;

    if (call->socket < 0 || ioctl(call->socket, SIOCOUTQ, &unacknowledged) != 0) {
        return 0;
    }
    curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &written);
    return written > call->body_length && unacknowledged >= written;
}

/* A 408 on a kept connection says that no request had come for long (RFC 9110, 15.5.9). */
static int is_unasked(const si_call_t *call, const char *line, size_t length)
{
    return is_unacknowledged(call)
           || (read_status(line, length) == 408 && si_call_is_on_kept_connection(call));
}

/*
 * One line of the head, or a trailer. Whatever begins with a status line begins anew: 1xx come
 * first.
 */
static size_t on_header(char *line, size_t size, size_t count, void *data)
{
    si_call_t *call = data;
    const size_t whole = size * count;
    size_t length = whole;

    if (call->head_bytes == 0 && is_unasked(call, line, length)) {
        call->is_stray = 1;
        return 0;
    }
    call->head_bytes += whole;
    if (call->head_bytes > SI_ANSWER_MAX_HEAD) {
        call->is_too_large = 1;
        return 0;
    }
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) {
        length--;
    }
    if (length == 0) {
        call->has_whole_head = call->status >= 200;
        return whole;
    }
    if (call->has_whole_head) {
        return whole;
    }
    if (*line == ' ' || *line == '\t') {
        return continue_header(call, line, length) ? whole : 0;
    }
    if (length > 5 && memcmp(line, "HTTP/", 5) == 0) {
        begin_answer(call, line, length);
        return whole;
    }
    return keep_header(call, line, length) ? whole : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    si_call_t *call = data;
    const size_t length = size * count;

    if (call->body.length + length > SI_ANSWER_MAX_BODY) {
        call->is_too_large = 1;
        return 0;
    }
    return append(&call->body, bytes, length) ? length : 0;
}

#define SET(call, option, value) (curl_easy_setopt((call)->easy, option, value) == CURLE_OK)

/*
 * The system's certificates come from a file and, with many builds, a directory too. libcurl keeps
 * what it has read only where there is no directory; else it reads some hundred certificates for
 * every new connection, which takes the engine more than ten milliseconds. Where the file is
 * missing, libcurl fails with both: then it is the directory alone.
 */
static int trust_system(si_call_t *call)
{
    const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);

    if (!built->cainfo || !built->capath) {
        return 1;
    }
    return access(built->cainfo, R_OK) == 0 ? SET(call, CURLOPT_CAPATH, NULL)
                                            : SET(call, CURLOPT_CAINFO, NULL);
}

static int trust_only(si_call_t *call, const si_endpoint_t *endpoint)
{
    struct curl_blob ca = { (void *)endpoint->ca, endpoint->ca_length, CURL_BLOB_NOCOPY };

    return SET(call, CURLOPT_CAPATH, NULL) && SET(call, CURLOPT_CAINFO, NULL)
           && SET(call, CURLOPT_CAINFO_BLOB, &ca);
}

static int set_tls(si_call_t *call, const si_endpoint_t *endpoint)
{
    return SET(call, CURLOPT_SHARE, call->target->tls_sessions)
           && SET(call, CURLOPT_SSL_VERIFYPEER, 1L) && SET(call, CURLOPT_SSL_VERIFYHOST, 2L)
           && SET(call, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
           && (endpoint->ca ? trust_only(call, endpoint) : trust_system(call));
}

/* What is the same for every call to the target. */
static int set_up(si_call_t *call)
{
    const si_endpoint_t *endpoint = call->target->endpoint;

    return SET(call, CURLOPT_CURLU, call->target->url)
           && SET(call, CURLOPT_PROTOCOLS_STR, endpoint->is_https ? "https" : "http")
           && SET(call, CURLOPT_POST, 1L) && SET(call, CURLOPT_FOLLOWLOCATION, 0L)
           && SET(call, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
           && SET(call, CURLOPT_PROXY, "") && SET(call, CURLOPT_NOPROXY, "")
           && SET(call, CURLOPT_NOSIGNAL, 1L) && SET(call, CURLOPT_TCP_NODELAY, 1L)
           && SET(call, CURLOPT_MAXAGE_CONN, CONNECTION_MAX_IDLE)
           && SET(call, CURLOPT_DNS_CACHE_TIMEOUT, -1L)
           && SET(call, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER)
           && SET(call, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER)
           && SET(call, CURLOPT_MAXFILESIZE, (long)SI_ANSWER_MAX_BODY)
           && SET(call, CURLOPT_HEADERFUNCTION, on_header) && SET(call, CURLOPT_HEADERDATA, call)
           && SET(call, CURLOPT_WRITEFUNCTION, on_body) && SET(call, CURLOPT_WRITEDATA, call)
           && SET(call, CURLOPT_ERRORBUFFER, call->error) && SET(call, CURLOPT_PRIVATE, call)
           && (!endpoint->is_https || set_tls(call, endpoint));
}

si_call_t *si_call_make(si_target_t *target)
{
    si_call_t *call = calloc(1, sizeof(*call));

    if (!call) {
        return NULL;
    }
    sem_init(&call->ended, SHARED, 0);
    call->target = target;
    call->easy = curl_easy_init();
    if (!call->easy || !set_up(call)) {
        si_call_free(call);
        return NULL;
    }
    return call;
}

void si_call_free(si_call_t *call)
{
    curl_easy_cleanup(call->easy);
    release(&call->sent);
    release(&call->head);
    release(&call->body);
    sem_destroy(&call->ended);
    free(call);
}

/*
 * The header lines that make libcurl leave out its own: an entry without a value is one that is not
 * sent. (For an empty value libcurl wants "Name;".)
 */
static const char *const fixed_lines[] = {
    "Content-Type: application/json", "Accept:",
    "Expect:", /* last: what libcurl would not send is not worth a line to be looked through */
};

/* libcurl expects 100-continue above 1 MiB. */
#define EXPECTING_BODY (1024 * 1024)

static size_t fixed_line_count(const si_forward_request_t *request)
{
    const size_t all = sizeof(fixed_lines) / sizeof(fixed_lines[0]);

    return request->body_length > EXPECTING_BODY ? all : all - 1;
}

static size_t line_size(const char *name, const char *value)
{
    return strlen(name) + strlen(value) + sizeof(": ");
}

static size_t request_size(const si_forward_request_t *request)
{
    const char *const *strings = (const char *const *)request->headers->elts;
    const size_t lines = fixed_line_count(request) + (size_t)request->headers->nelts / 2;
    size_t size = lines * sizeof(struct curl_slist) + strlen(request->target) + 1
                  + request->body_length;
    int i;

    for (i = 0; i < request->headers->nelts; i += 2) {
        size += line_size(strings[i], strings[i + 1]);
    }
    return size;
}

/* Writes "Name: value" to out and returns what is behind its NUL. */
static char *write_line(char *out, const char *name, const char *value)
{
    out = stpcpy(out, name);
    out = *value ? stpcpy(stpcpy(out, ": "), value) : stpcpy(out, ";");
    return out + 1;
}

/*
 * Fills the call's buffer: the list's nodes, then the lines they point at. Returns what is behind.
 */
static char *write_headers(si_call_t *call, const si_forward_request_t *request)
{
    const char *const *strings = (const char *const *)request->headers->elts;
    struct curl_slist *nodes = (struct curl_slist *)(void *)call->sent.bytes;
    const size_t fixed = fixed_line_count(request);
    const size_t count = fixed + (size_t)request->headers->nelts / 2;
    char *out = (char *)(nodes + count);
    size_t i;

    for (i = 0; i < count; i++) {
        nodes[i].next = i + 1 < count ? &nodes[i + 1] : NULL;
        if (i < fixed) {
            nodes[i].data = (char *)fixed_lines[i];
            continue;
        }
        const char *const *pair = &strings[2 * (i - fixed)];
        nodes[i].data = out;
        out = write_line(out, pair[0], pair[1]);
    }
    return out;
}

/* The addresses that libcurl must have in its cache, so that it looks up nothing itself. */
static int set_addresses(si_call_t *call, const si_addresses_t *addresses)
{
    const si_endpoint_t *endpoint = call->target->endpoint;

    if (!addresses) {
        return 1;
    }
    call->generation = addresses->generation;
    const int length = snprintf(call->address_line, sizeof(call->address_line), "%s:%d:%s",
                                endpoint->host, endpoint->port, addresses->addresses);
    call->addresses.data = call->address_line;
    call->addresses.next = NULL;
    return length > 0 && (size_t)length < sizeof(call->address_line)
           && SET(call, CURLOPT_RESOLVE, &call->addresses);
}

static int set_times(si_call_t *call, long connect_timeout_ms, long timeout_ms)
{
    if (call->timeout_ms != timeout_ms && !SET(call, CURLOPT_TIMEOUT_MS, timeout_ms)) {
        return 0;
    }
    call->timeout_ms = timeout_ms;
    if (call->connect_timeout_ms != connect_timeout_ms
        && !SET(call, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms)) {
        return 0;
    }
    call->connect_timeout_ms = connect_timeout_ms;
    return 1;
}

static void forget_answer(si_call_t *call)
{
    call->head.length = 0;
    call->body.length = 0;
    call->status = 0;
    call->reason[0] = '\0';
    call->has_whole_head = 0;
    call->head_bytes = 0;
    call->is_too_large = 0;
    call->is_stray = 0;
    call->is_stopped = 0;
    call->has_begun = 0;
    call->socket = -1;
    call->open_errno = 0;
    call->error[0] = '\0';
}

int si_call_prepare(si_call_t *call, const si_forward_request_t *request, long connect_timeout_ms,
                    long timeout_ms, const si_addresses_t *addresses)
{
    __atomic_store_n(&call->state, SI_CALL_RUNNING, __ATOMIC_RELAXED);
    forget_answer(call);
    call->deadline = si_clock_ms() + timeout_ms;
    if (!reserve(&call->sent, request_size(request))) {
        return 0;
    }
    if (call->is_afresh && !SET(call, CURLOPT_FRESH_CONNECT, 0L)) {
        return 0;
    }
    call->is_afresh = 0;
    call->body_length = (long)request->body_length;
    char *target = write_headers(call, request);
    char *body = stpcpy(target, request->target) + 1;
    memcpy(body, request->body, request->body_length);

    return SET(call, CURLOPT_HTTPHEADER, (struct curl_slist *)(void *)call->sent.bytes)
           && SET(call, CURLOPT_REQUEST_TARGET, target)
           && SET(call, CURLOPT_POSTFIELDSIZE, (long)request->body_length)
           && SET(call, CURLOPT_POSTFIELDS, body) && set_times(call, connect_timeout_ms, timeout_ms)
           && set_addresses(call, addresses);
}

int si_call_is_on_kept_connection(const si_call_t *call)
{
    long connections = 0;

    curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connections);
    return connections == 0;
}

/* Whether a transfer that ends so has come upon no HTTP, or upon an end. */
static int is_without_answer(CURLcode code)
{
    return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR
           || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY;
}

int si_call_wants_connection(const si_call_t *call, CURLcode code)
{
    if (call->is_afresh) {
        return 0;
    }
    return call->is_stray
           || (is_without_answer(code) && call->head_bytes == 0
               && si_call_is_on_kept_connection(call));
}

int si_call_prepare_afresh(si_call_t *call)
{
    call->is_afresh = 1;
    forget_answer(call);
    return SET(call, CURLOPT_FRESH_CONNECT, 1L);
}

int si_call_wait(si_call_t *call, const struct timespec *deadline)
{
    si_call_state_t running = SI_CALL_RUNNING;
    int rc;

    do {
        rc = sem_clockwait(&call->ended, CLOCK_MONOTONIC, deadline);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0
        && __atomic_compare_exchange_n(&call->state, &running, SI_CALL_ABANDONED, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return 0;
    }
    while (rc != 0) {
        rc = sem_wait(&call->ended); /* it has ended just now, and is being told */
    }
    si_call_t *next = __atomic_load_n(&call->next_told, __ATOMIC_ACQUIRE);
    if (next) {
        si_call_tell(next);
    }
    return !si_call_is_running(call);
}

int si_call_end(si_call_t *call)
{
    si_call_state_t running = SI_CALL_RUNNING;

    return __atomic_compare_exchange_n(&call->state, &running, SI_CALL_ENDED, 0, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

void si_call_tell(si_call_t *call)
{
    sem_post(&call->ended);
}

/*
 * The semaphore orders it, also before another worker frees the call. Atomic, and released, for
 * ThreadSanitizer, which does not know sem_clockwait; it costs nothing on x86.
 */
void si_call_set_next_told(si_call_t *call, si_call_t *next)
{
    __atomic_store_n(&call->next_told, next, __ATOMIC_RELEASE);
}

void si_call_take_notice(si_call_t *call)
{
    sem_trywait(&call->ended);
}

int si_call_is_running(const si_call_t *call)
{
    return __atomic_load_n(&call->state, __ATOMIC_ACQUIRE) == SI_CALL_RUNNING;
}

int si_call_is_abandoned(const si_call_t *call)
{
    return __atomic_load_n(&call->state, __ATOMIC_ACQUIRE) == SI_CALL_ABANDONED;
}

int si_call_limit(si_call_t *call, long left_ms)
{
    /* A few milliseconds in the queue are not worth an option for every call. */
    return left_ms > call->timeout_ms - 10 || set_times(call, call->connect_timeout_ms, left_ms);
}

void si_call_connects(si_call_t *call)
{
    call->is_connecting = 1;
    call->target->connecting++;
}

void si_call_has_connected(si_call_t *call)
{
    if (call->is_connecting) {
        call->is_connecting = 0;
        call->target->connecting--;
    }
}

static si_forward_outcome_t outcome_of(const si_call_t *call)
{
    if (call->is_stopped) {
        return SI_FORWARD_STOPPING;
    }
    if (call->is_too_large) {
        return SI_FORWARD_TOO_LARGE;
    }
    if (call->is_stray) {
        return SI_FORWARD_PROTOCOL;
    }
    switch (call->code) {
    case CURLE_OK:
        return call->status >= 200 ? SI_FORWARD_ANSWERED : SI_FORWARD_PROTOCOL;
    case CURLE_OPERATION_TIMEDOUT:
        return SI_FORWARD_TIMEOUT;
    case CURLE_COULDNT_RESOLVE_HOST:
        return SI_FORWARD_UNRESOLVED;
    case CURLE_COULDNT_CONNECT:
        return SI_FORWARD_UNREACHABLE;
    case CURLE_FILESIZE_EXCEEDED:
        return SI_FORWARD_TOO_LARGE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return SI_FORWARD_TLS;
    default:
        return SI_FORWARD_PROTOCOL;
    }
}

/* How far the transfer had come. */
static const char *stage_of(const si_call_t *call)
{
    curl_off_t ready = 0; /* to send */
    long local_port = 0;  /* of a connection that is made; libcurl 7.88 tells its time with TLS's */

    if (call->is_stopped) {
        return "stop";
    }
    if (!call->has_begun) {
        return "queue";
    }
    curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
    if (ready > 0) {
        return "answer";
    }
    curl_easy_getinfo(call->easy, CURLINFO_LOCAL_PORT, &local_port);
    return local_port > 0 && call->target->endpoint->is_https ? "tls" : "connect";
}

static const char *cause_of(const si_call_t *call)
{
    if (!call->has_begun && call->code == CURLE_OPERATION_TIMEDOUT) {
        return "its time was over before it could begin";
    }
    if (call->is_stray) {
        return "an answer came before the request had arrived";
    }
    return *call->error ? call->error : curl_easy_strerror(call->code);
}

/* Why the system made no connection, 0 if it did not say: libcurl's text is the same for all. */
static int connect_errno(const si_call_t *call)
{
    long reason = 0;

    if (call->code != CURLE_COULDNT_CONNECT) {
        return 0;
    }
    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &reason);
    return call->open_errno ? call->open_errno : (int)reason;
}

static const char *whole_cause_of(const si_call_t *call, apr_pool_t *pool)
{
    const int reason = connect_errno(call);
    char text[128];

    if (reason == 0) {
        return apr_pstrdup(pool, cause_of(call));
    }
    return apr_pstrcat(pool, cause_of(call), ": ",
                       apr_strerror(APR_FROM_OS_ERROR(reason), text, sizeof(text)), NULL);
}

static apr_array_header_t *read_headers(const si_call_t *call, apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(pool, 16, sizeof(const char *));
    const char *p = apr_pmemdup(pool, call->head.bytes ? call->head.bytes : "", call->head.length);
    const char *end = p + call->head.length;

    for (; p < end; p += strlen(p) + 1) {
        APR_ARRAY_PUSH(headers, const char *) = p;
    }
    return headers;
}

void si_call_read(si_call_t *call, apr_pool_t *pool, si_forward_answer_t *answer)
{
    answer->outcome = outcome_of(call);
    answer->was_called = call->has_begun;
    answer->is_kept_connection = si_call_is_on_kept_connection(call);
    if (answer->outcome != SI_FORWARD_ANSWERED) {
        answer->stage = stage_of(call);
        answer->cause = whole_cause_of(call, pool);
        return;
    }
    answer->status = call->status;
    answer->reason = apr_pstrdup(pool, call->reason);
    answer->headers = read_headers(call, pool);
    answer->body_length = call->body.length;
    answer->body = apr_pmemdup(pool, call->body.bytes ? call->body.bytes : "", call->body.length);
}

void si_call_rest(si_call_t *call)
{
    if (call->sent.capacity > KEPT_BUFFER) {
        release(&call->sent);
    }
    if (call->body.capacity > KEPT_BUFFER) {
        release(&call->body);
    }
}
