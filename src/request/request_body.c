/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/request_body.h"

#include "base/chars.h"

#include <apr_buckets.h>
#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <string.h>
#include <util_filter.h>

#define READ_SIZE 8192

/* The body so far. Grows by doubling; Content-Length is not trusted for allocation. */
typedef struct {
    apr_pool_t *pool;
    char *bytes;
    apr_size_t length;
    apr_size_t capacity;
} body_t;

static void append(body_t *body, const char *bytes, apr_size_t length)
{
    if (body->length + length > body->capacity) {
        const apr_size_t doubled = body->capacity * 2;
        const apr_size_t needed = body->length + length;
        char *grown;

        body->capacity = doubled > needed ? doubled : needed;
        grown = apr_palloc(body->pool, body->capacity);
        memcpy(grown, body->bytes, body->length);
        body->bytes = grown;
    }
    memcpy(body->bytes + body->length, bytes, length);
    body->length += length;
}

static si_body_outcome_t outcome_of(int status)
{
    switch (status) {
    case OK:
        return SI_BODY_READ;
    case AP_FILTER_ERROR:
        return SI_BODY_ANSWERED;
    case HTTP_REQUEST_ENTITY_TOO_LARGE:
        return SI_BODY_TOO_LARGE;
    case HTTP_REQUEST_TIME_OUT:
        return SI_BODY_TIMEOUT;
    default:
        return SI_BODY_BROKEN;
    }
}

/*
 * mod_deflate returns APR_EINVAL above its ratio limit, and APR_EGENERAL if the body is not gzip.
 */
static si_body_outcome_t outcome_of_failure(apr_status_t rv, int is_decoded)
{
    if (is_decoded && rv == APR_EGENERAL) {
        return SI_BODY_BAD_ENCODING;
    }
    if (is_decoded && rv == APR_EINVAL) {
        return SI_BODY_TOO_PACKED;
    }
    return outcome_of(ap_map_http_request_error(rv, HTTP_BAD_REQUEST));
}

/* Appends the brigade's data; sets *is_whole if the body ends in it. */
static si_body_outcome_t append_brigade(body_t *body, apr_bucket_brigade *brigade, apr_int64_t max,
                                        int *is_whole)
{
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *bytes;
        apr_size_t length;
        apr_status_t rv;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *is_whole = 1;
            return SI_BODY_READ;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        rv = apr_bucket_read(bucket, &bytes, &length, APR_BLOCK_READ);
        if (rv != APR_SUCCESS) {
            return outcome_of_failure(rv, 0);
        }
        if ((apr_int64_t)(body->length + length) > max) {
            return SI_BODY_TOO_LARGE;
        }
        append(body, bytes, length);
    }
    return SI_BODY_READ;
}

/* Whether Content-Encoding names a coding other than identity. */
static int is_encoded(const request_rec *r)
{
    const char *codings = apr_table_get(r->headers_in, "Content-Encoding");
    const char *coding;
    apr_size_t length;

    while (codings && si_next_element(&codings, &coding, &length)) {
        if (length != strlen("identity") || apr_cstr_casecmpn(coding, "identity", length) != 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether a configured input filter reads the body before this module. */
static int has_filter(const request_rec *r)
{
    return r->input_filters != r->proto_input_filters;
}

const char *si_request_body_codings(const request_rec *r)
{
    const ap_filter_t *filter = r->input_filters;

    while (filter && filter != r->proto_input_filters) {
        if (strcmp(filter->frec->name, "deflate") == 0) {
            return "gzip, identity";
        }
        filter = filter->next;
    }
    return "identity";
}

/* LimitRequestBody is checked here too: httpd's own error response is not JSON. */
static int announces_too_much(const request_rec *r, apr_int64_t max)
{
    const char *announced = apr_table_get(r->headers_in, "Content-Length");
    const apr_int64_t length = announced ? apr_atoi64(announced) : 0;
    const apr_off_t limit = ap_get_limit_req_body(r);

    return length > max || (limit > 0 && length > limit);
}

/*
 * For a bad chunk or a body above LimitRequestBody, httpd's own filters send an error bucket down
 * the output filters, which becomes an error page. This filter catches it while the body is read,
 * so that we send our own error.
 */
static ap_filter_rec_t *error_catcher;

static apr_status_t catch_error(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    int *status = filter->ctx;
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        if (AP_BUCKET_IS_ERROR(bucket)) {
            *status = ((ap_bucket_error *)bucket->data)->status;
            apr_brigade_cleanup(brigade);
            return AP_FILTER_ERROR;
        }
    }
    return ap_pass_brigade(filter->next, brigade);
}

void si_request_body_register_filter(void)
{
    error_catcher = ap_register_output_filter("SESSION_INITIALIZER_BODY_ERROR", catch_error, NULL,
                                              AP_FTYPE_RESOURCE);
}

/*
 * A decoding filter changes Content-Encoding when it first reads; was_encoded is the state before.
 */
static si_body_outcome_t read_all(request_rec *r, body_t *body, apr_int64_t max, int was_encoded)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    si_body_outcome_t outcome = SI_BODY_READ;
    int is_whole = 0;

    while (!is_whole && outcome == SI_BODY_READ) {
        const apr_status_t rv = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES,
                                               APR_BLOCK_READ, READ_SIZE);
        if (was_encoded && is_encoded(r)) {
            return SI_BODY_ENCODED;
        }
        outcome = rv == APR_SUCCESS ? append_brigade(body, brigade, max, &is_whole)
                                    : outcome_of_failure(rv, was_encoded);
        apr_brigade_cleanup(brigade);
    }
    return outcome;
}

si_body_outcome_t si_request_body_read(request_rec *r, apr_int64_t max, const char **body,
                                       apr_size_t *length)
{
    body_t read = { .pool = r->pool, .capacity = READ_SIZE };
    const int was_encoded = is_encoded(r);
    int caught = OK;
    ap_filter_t *catcher;
    si_body_outcome_t outcome;

    if (announces_too_much(r, max)) {
        return SI_BODY_TOO_LARGE;
    }
    if (was_encoded && !has_filter(r)) {
        return SI_BODY_ENCODED;
    }
    read.bytes = apr_palloc(r->pool, read.capacity);
    catcher = ap_add_output_filter_handle(error_catcher, &caught, r, r->connection);
    outcome = read_all(r, &read, max, was_encoded);
    ap_remove_output_filter(catcher);
    *body = read.bytes;
    *length = read.length;
    return caught != OK ? outcome_of(caught) : outcome;
}
