/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/transfer.h"

#include "base/chars.h"
#include "base/clock.h"
#include "upstream/headers.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * Larger buffers are freed after the exchange: a rare large body must not occupy memory for good.
 */
#define KEPT_BUFFER (64 * 1024)

/*
 * Less than the idle timeout of AWS's load balancers (60 s), so that a kept connection is rarely
 * dead.
 */
#define CONNECTION_MAX_IDLE 50L

/* Receive buffer. A response has a few hundred bytes, and every kept handle has a buffer. */
#define RECEIVE_BUFFER 4096L

/*
 * Over TLS, libcurl copies the request's head there. This is its minimum, a quarter of the default.
 */
#define UPLOAD_BUFFER 16384L

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

/* Reads a number of at most three digits after "HTTP/1.x ". */
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

static void begin_response(si_transfer_t *transfer, const char *line, size_t length)
{
    const size_t before_reason = sizeof("HTTP/1.1 200 ") - 1;
    const size_t reason_length = length > before_reason ? length - before_reason : 0;

    transfer->status = read_status(line, length);
    transfer->head.length = 0;
    transfer->has_whole_head = 0;
    transfer->content_length = -1;
    transfer->has_length = 0;
    transfer->has_connection_header = 0;
    transfer->header_passes = 0;
    if (transfer->status == 101) {
        transfer->malformed = "it answered 101, and no other protocol was asked for";
    }
    transfer->reason[0] = '\0';
    if (reason_length < sizeof(transfer->reason)
        && !si_has_control(line + before_reason, reason_length)) {
        memcpy(transfer->reason, line + before_reason, reason_length);
        transfer->reason[reason_length] = '\0';
    }
}

static int is_name(const char *line, size_t length, const char *name)
{
    return length == strlen(name) && apr_cstr_casecmpn(line, name, length) == 0;
}

/* Reads a Content-Length, which must be a number, the same in each line (RFC 9112, 6.3). */
static void note_length(si_transfer_t *transfer, const char *value, size_t length)
{
    apr_int64_t number = 0;
    size_t i;

    for (i = 0; i < length && i < 18 && apr_isdigit(value[i]); i++) {
        number = 10 * number + value[i] - '0';
    }
    if (length == 0 || i < length) {
        transfer->malformed = "its Content-Length is not a number";
    }
    else if (transfer->content_length >= 0 && transfer->content_length != number) {
        transfer->malformed = "its Content-Length lines differ";
    }
    transfer->content_length = number;
    transfer->has_length = 1;
}

/* Notes where the response ends, and whether the upstream may close the connection after it. */
static void note_framing(si_transfer_t *transfer, const char *line, size_t name_length,
                         const char *value, size_t value_length)
{
    if (is_name(line, name_length, "Content-Length")) {
        note_length(transfer, value, value_length);
    }
    else if (is_name(line, name_length, "Transfer-Encoding")) {
        transfer->has_length = 1;
    }
    else if (is_name(line, name_length, "Connection")) {
        transfer->has_connection_header = 1;
    }
}

/* Removes white space from both ends of a value, and returns its length. */
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

static void drop_header(si_transfer_t *transfer)
{
    transfer->head.length = transfer->header_start;
    transfer->header_passes = 0;
}

/* Appends a continuation line to the header before it, joined by a space (RFC 9112 section 5.2). */
static int continue_header(si_transfer_t *transfer, const char *line, size_t length)
{
    const char *value = line;
    const size_t value_length = trim(&value, line + length);

    if (!transfer->header_passes || value_length == 0) {
        return 1;
    }
    if (!si_is_field_value(value, value_length)) {
        drop_header(transfer);
        return 1;
    }
    transfer->head.length--; /* the NUL */
    if (transfer->head.bytes[transfer->head.length - 1] != '\0'
        && !append(&transfer->head, " ", 1)) {
        return 0;
    }
    return append(&transfer->head, value, value_length) && append(&transfer->head, "", 1);
}

static int keep_header(si_transfer_t *transfer, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);

    transfer->header_passes = 0;
    transfer->header_start = transfer->head.length;
    if (!colon) {
        return 1;
    }
    const char *value = colon + 1;
    const size_t value_length = trim(&value, line + length);
    note_framing(transfer, line, (size_t)(colon - line), value, value_length);
    if (transfer->malformed) {
        return 0;
    }
    if (!si_response_header_passes(line, (size_t)(colon - line))) {
        return 1;
    }
    if (!si_is_field_value(value, value_length)) {
        return 1;
    }
    transfer->header_passes = 1;
    return append(&transfer->head, line, (size_t)(colon - line)) && append(&transfer->head, "", 1)
           && append(&transfer->head, value, value_length) && append(&transfer->head, "", 1);
}

/*
 * Whether a response starts although the upstream's system has acknowledged no byte of the request:
 * the response was then sent before the request arrived. (A response to the request acknowledges
 * it.) Large requests, which libcurl writes in several parts, are not checked.
 */
static int is_unacknowledged(const si_transfer_t *transfer)
{
    int unacknowledged = 0;
    long written = 0;

    if (transfer->socket < 0 || ioctl(transfer->socket, SIOCOUTQ, &unacknowledged) != 0) {
        return 0;
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &written);
    return written > transfer->body_length && unacknowledged >= written;
}

/*
 * A 408 on a kept connection means that no request came for a long time (RFC 9110 section 15.5.9).
 */
static int is_unasked(const si_transfer_t *transfer, const char *line, size_t length)
{
    return is_unacknowledged(transfer)
           || (read_status(line, length) == 408 && si_transfer_is_on_kept_connection(transfer));
}

/*
 * Handles one line of the head, or a trailer. A status line starts a new head: 1xx come before the
 * final one.
 */
static size_t on_header(char *line, size_t size, size_t count, void *data)
{
    si_transfer_t *transfer = data;
    const size_t whole = size * count;
    size_t length = whole;

    if (transfer->head_bytes == 0 && is_unasked(transfer, line, length)) {
        transfer->is_stray = 1;
        return 0;
    }
    transfer->head_bytes += whole;
    if (transfer->head_bytes > SI_RESPONSE_MAX_HEAD) {
        transfer->is_too_large = 1;
        return 0;
    }
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) {
        length--;
    }
    if (length == 0) {
        transfer->has_whole_head = transfer->status >= 200;
        return whole;
    }
    if (transfer->has_whole_head) {
        return whole;
    }
    if (*line == ' ' || *line == '\t') {
        return continue_header(transfer, line, length) ? whole : 0;
    }
    if (length > 5 && memcmp(line, "HTTP/", 5) == 0) {
        begin_response(transfer, line, length);
        return transfer->malformed ? 0 : whole;
    }
    return keep_header(transfer, line, length) ? whole : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    si_transfer_t *transfer = data;
    const size_t length = size * count;

    if (transfer->body.length + length > SI_RESPONSE_MAX_BODY) {
        transfer->is_too_large = 1;
        return 0;
    }
    return append(&transfer->body, bytes, length) ? length : 0;
}

/*
 * The system's certificates are in a file and, in many builds of libcurl, also in a directory.
 * libcurl caches them only if no directory is set. Otherwise it reads more than a hundred
 * certificates for every new connection, which takes the engine more than ten milliseconds. If the
 * file is missing, libcurl fails unless only the directory is set.
 */
static int trust_system(si_transfer_t *transfer)
{
    const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);

    if (!built->cainfo || !built->capath) {
        return 1;
    }
    return access(built->cainfo, R_OK) == 0 ? SI_SET(transfer, CURLOPT_CAPATH, NULL)
                                            : SI_SET(transfer, CURLOPT_CAINFO, NULL);
}

static int trust_only(si_transfer_t *transfer, const si_endpoint_t *endpoint)
{
    struct curl_blob ca = { (void *)endpoint->ca, endpoint->ca_length, CURL_BLOB_NOCOPY };

    return SI_SET(transfer, CURLOPT_CAPATH, NULL) && SI_SET(transfer, CURLOPT_CAINFO, NULL)
           && SI_SET(transfer, CURLOPT_CAINFO_BLOB, &ca);
}

static int set_tls(si_transfer_t *transfer, const si_endpoint_t *endpoint, CURLSH *tls_sessions)
{
    return SI_SET(transfer, CURLOPT_SHARE, tls_sessions)
           && SI_SET(transfer, CURLOPT_SSL_VERIFYPEER, 1L)
           && SI_SET(transfer, CURLOPT_SSL_VERIFYHOST, 2L)
           && SI_SET(transfer, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
           && (endpoint->ca ? trust_only(transfer, endpoint) : trust_system(transfer));
}

/* Sets the options that are the same for every exchange with the endpoint. */
static int set_up(si_transfer_t *transfer, CURLU *url, struct curl_slist *name,
                  CURLSH *tls_sessions)
{
    const si_endpoint_t *endpoint = transfer->endpoint;

    return SI_SET(transfer, CURLOPT_CURLU, url)
           && SI_SET(transfer, CURLOPT_PROTOCOLS_STR, endpoint->is_https ? "https" : "http")
           && SI_SET(transfer, CURLOPT_POST, 1L) && SI_SET(transfer, CURLOPT_FOLLOWLOCATION, 0L)
           && SI_SET(transfer, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
           && SI_SET(transfer, CURLOPT_PROXY, endpoint->proxy ? endpoint->proxy->url : "")
           && SI_SET(transfer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L)
           && SI_SET(transfer, CURLOPT_NOPROXY, "") && SI_SET(transfer, CURLOPT_NOSIGNAL, 1L)
           && SI_SET(transfer, CURLOPT_TCP_NODELAY, 1L)
           && SI_SET(transfer, CURLOPT_MAXAGE_CONN, CONNECTION_MAX_IDLE)
           && SI_SET(transfer, CURLOPT_DNS_CACHE_TIMEOUT, -1L)
           && SI_SET(transfer, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER)
           && SI_SET(transfer, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER)
           && SI_SET(transfer, CURLOPT_MAXFILESIZE, (long)SI_RESPONSE_MAX_BODY)
           && SI_SET(transfer, CURLOPT_HEADERFUNCTION, on_header)
           && SI_SET(transfer, CURLOPT_HEADERDATA, transfer)
           && SI_SET(transfer, CURLOPT_WRITEFUNCTION, on_body)
           && SI_SET(transfer, CURLOPT_WRITEDATA, transfer)
           && SI_SET(transfer, CURLOPT_ERRORBUFFER, transfer->error)
           && SI_SET(transfer, CURLOPT_PRIVATE, transfer)
           && (!name || SI_SET(transfer, CURLOPT_RESOLVE, name))
           && (!endpoint->is_https || set_tls(transfer, endpoint, tls_sessions));
}

int si_transfer_init(si_transfer_t *transfer, const si_endpoint_t *endpoint, CURLU *url,
                     struct curl_slist *name, si_nodes_t *nodes, CURLSH *tls_sessions)
{
    transfer->endpoint = endpoint;
    transfer->nodes = nodes;
    transfer->easy = curl_easy_init();
    return transfer->easy && set_up(transfer, url, name, tls_sessions);
}

void si_transfer_clear(si_transfer_t *transfer)
{
    curl_easy_cleanup(transfer->easy);
    release(&transfer->sent);
    release(&transfer->head);
    release(&transfer->body);
}

/*
 * Header lines that replace or suppress libcurl's own: a line without a value is not sent. (libcurl
 * sends an empty value for "Name;".)
 */
static const char *const fixed_lines[] = {
    "Content-Type: application/json", "Accept:",
    "Expect:", /* last: it is left out if libcurl would not send one anyway (short bodies) */
};

/* libcurl sends "Expect: 100-continue" with a body above 1 MiB. */
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

/* A proxy gets the absolute form of an http request's target (RFC 9112 section 3.2.2). */
static const char *target_prefix(const si_endpoint_t *endpoint)
{
    return endpoint->proxy && !endpoint->is_https ? endpoint->url : "";
}

static size_t request_size(const si_endpoint_t *endpoint, const si_forward_request_t *request)
{
    const char *const *strings = (const char *const *)request->headers->elts;
    const size_t lines = fixed_line_count(request) + (size_t)request->headers->nelts / 2;
    size_t size = lines * sizeof(struct curl_slist) + strlen(target_prefix(endpoint))
                  + strlen(request->target) + 1 + request->body_length;
    int i;

    for (i = 0; i < request->headers->nelts; i += 2) {
        size += line_size(strings[i], strings[i + 1]);
    }
    return size;
}

/* Writes "Name: value" and a NUL to out; returns the byte after it. */
static char *write_line(char *out, const char *name, const char *value)
{
    out = stpcpy(out, name);
    out = *value ? stpcpy(stpcpy(out, ": "), value) : stpcpy(out, ";");
    return out + 1;
}

/*
 * Fills the call's buffer: the list's nodes, then the lines they point to. Returns the byte after
 * them.
 */
static char *write_headers(si_transfer_t *transfer, const si_forward_request_t *request)
{
    const char *const *strings = (const char *const *)request->headers->elts;
    struct curl_slist *nodes = (struct curl_slist *)(void *)transfer->sent.bytes;
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

static int set_timeout(si_transfer_t *transfer, long timeout_ms)
{
    if (transfer->timeout_ms != timeout_ms && !SI_SET(transfer, CURLOPT_TIMEOUT_MS, timeout_ms)) {
        return 0;
    }
    transfer->timeout_ms = timeout_ms;
    return 1;
}

/* A limit that differs by a few milliseconds is not set again for every call. */
#define SLACK_MS 10

static int set_connect_timeout(si_transfer_t *transfer, long timeout_ms)
{
    const long more = timeout_ms - transfer->connect_timeout_ms;

    if (transfer->connect_timeout_ms > 10 * SLACK_MS && more >= -SLACK_MS && more <= SLACK_MS) {
        return 1;
    }
    if (more == 0) {
        return 1;
    }
    transfer->connect_timeout_ms = timeout_ms;
    return SI_SET(transfer, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
}

static void forget_response(si_transfer_t *transfer)
{
    transfer->head.length = 0;
    transfer->body.length = 0;
    transfer->status = 0;
    transfer->reason[0] = '\0';
    transfer->has_whole_head = 0;
    transfer->head_bytes = 0;
    transfer->is_too_large = 0;
    transfer->malformed = NULL;
    transfer->is_stray = 0;
    transfer->is_stopped = 0;
    transfer->has_begun = 0;
    transfer->socket = -1;
    transfer->has_address = 0;
    transfer->open_errno = 0;
    transfer->socket_errno = 0;
    transfer->error[0] = '\0';
}

int si_transfer_prepare(si_transfer_t *transfer, const si_forward_request_t *request,
                        long connect_timeout_ms, long timeout_ms, const si_addresses_t *addresses)
{
    forget_response(transfer);
    transfer->deadline = si_clock_ms() + timeout_ms;
    transfer->connect_limit_ms = connect_timeout_ms;
    transfer->connect_deadline = 0;
    transfer->suspect_count = 0;
    transfer->tried = 0;
    transfer->attempts = 0;
    if (addresses) {
        transfer->addresses = *addresses;
    }
    if (!reserve(&transfer->sent, request_size(transfer->endpoint, request))) {
        return 0;
    }
    if (transfer->is_afresh && !SI_SET(transfer, CURLOPT_FRESH_CONNECT, 0L)) {
        return 0;
    }
    transfer->is_afresh = 0;
    transfer->body_length = (long)request->body_length;
    transfer->max_age_ms = apr_time_as_msec(request->max_age);
    char *target = write_headers(transfer, request);
    char *body = stpcpy(stpcpy(target, target_prefix(transfer->endpoint)), request->target) + 1;
    memcpy(body, request->body, request->body_length);

    return SI_SET(transfer, CURLOPT_HTTPHEADER, (struct curl_slist *)(void *)transfer->sent.bytes)
           && SI_SET(transfer, CURLOPT_REQUEST_TARGET, target)
           && SI_SET(transfer, CURLOPT_POSTFIELDSIZE, (long)request->body_length)
           && SI_SET(transfer, CURLOPT_POSTFIELDS, body) && set_timeout(transfer, timeout_ms);
}

int si_transfer_is_on_kept_connection(const si_transfer_t *transfer)
{
    long connections = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    return connections == 0;
}

/* Whether code means that the connection was closed, or that the response was not HTTP. */
static int is_without_answer(CURLcode code)
{
    return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR
           || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY;
}

int si_transfer_wants_connection(const si_transfer_t *transfer, CURLcode code)
{
    if (transfer->is_afresh) {
        return 0;
    }
    return transfer->is_stray
           || (is_without_answer(code) && transfer->head_bytes == 0
               && si_transfer_is_on_kept_connection(transfer));
}

/* Whether code is a failure to connect, to any address of the endpoint or to this one. */
static int is_unconnected(CURLcode code)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT
           || code == CURLE_SSL_CONNECT_ERROR || code == CURLE_GOT_NOTHING
           || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
}

/* The proxy's response to CONNECT, 0 if there was none. */
static long connect_status(const si_transfer_t *transfer)
{
    long status = 0;

    if (transfer->has_begun && transfer->endpoint->proxy && transfer->endpoint->is_https) {
        curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    }
    return status;
}

int si_transfer_reached_proxy(const si_transfer_t *transfer)
{
    return connect_status(transfer) != 0;
}

/* An attempt that had less time to connect says nothing of an address. */
#define LEAST_SHARE_MS 500L

/* Whether the address, if it is alive, would have been connected in that time. */
static int had_time_to_connect(const si_transfer_t *transfer)
{
    return transfer->granted_ms >= (transfer->connect_limit_ms < LEAST_SHARE_MS
                                        ? transfer->connect_limit_ms
                                        : LEAST_SHARE_MS)
                                       - SLACK_MS;
}

/* Whether this attempt made a connection, or tried to, and what went wrong is not our own fault. */
static int is_about_address(const si_transfer_t *transfer)
{
    return transfer->has_address && !transfer->open_errno && transfer->head_bytes == 0
           && connect_status(transfer) == 0;
}

int si_transfer_address_failed(const si_transfer_t *transfer, CURLcode code)
{
    return is_about_address(transfer) && transfer->socket < 0 && is_unconnected(code)
           && (code != CURLE_OPERATION_TIMEDOUT || had_time_to_connect(transfer));
}

int si_transfer_was_unanswered(const si_transfer_t *transfer, CURLcode code)
{
    return is_about_address(transfer) && transfer->socket >= 0
           && (is_without_answer(code) || code == CURLE_GOT_NOTHING);
}

static unsigned tried(const si_transfer_t *transfer)
{
    return transfer->tried_generation == transfer->nodes->generation ? transfer->tried : 0;
}

int si_transfer_wants_address(const si_transfer_t *transfer, CURLcode code)
{
    const apr_int64_t now = si_clock_ms();

    if (!transfer->nodes || transfer->attempts >= SI_ADDRESS_MAX || transfer->deadline <= now
        || si_nodes_untried(transfer->nodes, tried(transfer)) == 0) {
        return 0;
    }
    if (si_transfer_was_unanswered(transfer, code)) {
        return 1;
    }
    return is_about_address(transfer) && transfer->socket < 0 && is_unconnected(code)
           && transfer->connect_deadline > now;
}

void si_transfer_suspect_address(si_transfer_t *transfer)
{
    transfer->suspects[transfer->suspect_count++] = transfer->address;
    transfer->connect_deadline = 0; /* the next one has the time to connect for itself */
}

int si_transfer_choose_address(si_transfer_t *transfer)
{
    si_nodes_t *nodes = transfer->nodes;
    int index;

    if (transfer->is_probe) {
        return 1;
    }
    transfer->tried = tried(transfer);
    transfer->tried_generation = nodes->generation;
    index = si_nodes_pick(nodes, transfer->tried);
    if (index < 0) {
        return 0;
    }
    transfer->tried |= 1U << index;
    transfer->attempts++;
    transfer->address = nodes->nodes[index].address;
    transfer->has_address = 1;
    return 1;
}

int si_transfer_prepare_afresh(si_transfer_t *transfer)
{
    transfer->is_afresh = 1;
    forget_response(transfer);
    return SI_SET(transfer, CURLOPT_FRESH_CONNECT, 1L);
}

int si_transfer_prepare_probe(si_transfer_t *transfer, const si_address_t *address, long timeout_ms)
{
    forget_response(transfer);
    transfer->is_probe = 1;
    transfer->has_begun = 1;
    transfer->connect_limit_ms = transfer->granted_ms = timeout_ms;
    transfer->address = *address;
    transfer->has_address = 1;
    return SI_SET(transfer, CURLOPT_CONNECT_ONLY, 1L) && set_timeout(transfer, timeout_ms);
}

/* Each address that is left to try gets its share of the time to connect, but enough to connect. */
static long connect_share(const si_transfer_t *transfer, apr_int64_t now)
{
    const long left = transfer->connect_deadline > now ? (long)(transfer->connect_deadline - now)
                                                       : 1;
    const int untried = transfer->nodes ? si_nodes_untried(transfer->nodes, tried(transfer)) : 1;
    const long share = left / (untried > 0 ? untried : 1);
    const long least = left < LEAST_SHARE_MS ? left : LEAST_SHARE_MS;

    return share > least ? share : least;
}

int si_transfer_limit(si_transfer_t *transfer, apr_int64_t now)
{
    const long left = (long)(transfer->deadline - now);

    if (!transfer->connect_deadline) {
        transfer->connect_deadline = now + transfer->connect_limit_ms;
    }
    transfer->granted_ms = connect_share(transfer, now);
    if (!set_connect_timeout(transfer, transfer->granted_ms)) {
        return 0;
    }
    transfer->granted_ms = transfer->granted_ms < left ? transfer->granted_ms : left;
    return left > transfer->timeout_ms - SLACK_MS || set_timeout(transfer, left);
}

void si_transfer_connects(si_transfer_t *transfer, int *connecting)
{
    transfer->connecting = connecting;
    ++*connecting;
}

void si_transfer_has_connected(si_transfer_t *transfer)
{
    if (transfer->connecting) {
        --*transfer->connecting;
        transfer->connecting = NULL;
    }
}

/* The proxy did not forward: its response to CONNECT, or a 407, which no other server sends. */
static int is_refused_by_proxy(const si_transfer_t *transfer)
{
    const long status = connect_status(transfer);

    return (status != 0 && status / 100 != 2)
           || (transfer->endpoint->proxy && transfer->status == 407);
}

static si_forward_outcome_t outcome_of(const si_transfer_t *transfer)
{
    if (transfer->is_stopped) {
        return SI_FORWARD_STOPPING;
    }
    if (transfer->is_too_large) {
        return SI_FORWARD_TOO_LARGE;
    }
    if (is_refused_by_proxy(transfer)) {
        return SI_FORWARD_UNREACHABLE;
    }
    if (transfer->is_stray || transfer->malformed) {
        return SI_FORWARD_PROTOCOL;
    }
    switch (transfer->code) {
    case CURLE_OK:
        return transfer->status >= 200 ? SI_FORWARD_ANSWERED : SI_FORWARD_PROTOCOL;
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

/* The stage in which the transfer ended. */
static const char *stage_of(const si_transfer_t *transfer)
{
    curl_off_t ready = 0; /* to send */
    long local_port = 0;  /* if connected; libcurl 7.88 reports the connect time after TLS */

    if (transfer->is_stopped) {
        return "stop";
    }
    if (!transfer->has_begun) {
        return "queue";
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
    if (ready > 0) {
        return is_refused_by_proxy(transfer) ? "proxy" : "answer";
    }
    if (transfer->endpoint->proxy && connect_status(transfer) / 100 != 2) {
        return "proxy";
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &local_port);
    return local_port > 0 && transfer->endpoint->is_https ? "tls" : "connect";
}

static const char *cause_of(const si_transfer_t *transfer)
{
    if (!transfer->has_begun && transfer->code == CURLE_OPERATION_TIMEDOUT) {
        return "the time limit passed before it could begin";
    }
    if (transfer->is_stray) {
        return "an answer came before the request had arrived";
    }
    if (transfer->malformed) {
        return transfer->malformed;
    }
    return *transfer->error ? transfer->error : curl_easy_strerror(transfer->code);
}

/* The errno of a failed connect, 0 if unknown: libcurl's text is the same for all causes. */
static int connect_errno(const si_transfer_t *transfer)
{
    long reason = 0;

    if (transfer->code != CURLE_COULDNT_CONNECT) {
        return 0;
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &reason);
    return transfer->socket_errno ? transfer->socket_errno : (int)reason;
}

static const char *whole_cause_of(const si_transfer_t *transfer, apr_pool_t *pool)
{
    const int reason = connect_errno(transfer);
    char text[128];

    if (is_refused_by_proxy(transfer)) {
        return apr_psprintf(pool, "the proxy answered %ld",
                            connect_status(transfer) ? connect_status(transfer) : 407L);
    }
    if (reason == 0) {
        return apr_pstrdup(pool, cause_of(transfer));
    }
    return apr_pstrcat(pool, cause_of(transfer), ": ",
                       apr_strerror(APR_FROM_OS_ERROR(reason), text, sizeof(text)), NULL);
}

static apr_array_header_t *read_headers(const si_transfer_t *transfer, apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(pool, 16, sizeof(const char *));
    const char *p = apr_pmemdup(pool, transfer->head.bytes ? transfer->head.bytes : "",
                                transfer->head.length);
    const char *end = p + transfer->head.length;

    for (; p < end; p += strlen(p) + 1) {
        APR_ARRAY_PUSH(headers, const char *) = p;
    }
    return headers;
}

void si_transfer_read(si_transfer_t *transfer, apr_pool_t *pool, si_response_t *response)
{
    response->outcome = outcome_of(transfer);
    response->was_called = transfer->has_begun;
    response->is_kept_connection = si_transfer_is_on_kept_connection(transfer);
    if (response->outcome != SI_FORWARD_ANSWERED) {
        response->stage = stage_of(transfer);
        response->cause = whole_cause_of(transfer, pool);
        return;
    }
    response->status = transfer->status;
    response->reason = apr_pstrdup(pool, transfer->reason);
    response->headers = read_headers(transfer, pool);
    response->body_length = transfer->body.length;
    response->body = apr_pmemdup(pool, transfer->body.bytes ? transfer->body.bytes : "",
                                 transfer->body.length);
}

void si_transfer_rest(si_transfer_t *transfer)
{
    if (transfer->sent.capacity > KEPT_BUFFER) {
        release(&transfer->sent);
    }
    if (transfer->body.capacity > KEPT_BUFFER) {
        release(&transfer->body);
    }
}
