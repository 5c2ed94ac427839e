/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request_body.h"

#include <apr_buckets.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <string.h>
#include <util_filter.h>

#define READ_SIZE 8192

/* The body so far. It grows by doubling: what a client merely announces costs no memory. */
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

/* Appends the brigade's data. Returns OK or an HTTP status; *is_whole where its end was met. */
static int append_brigade(body_t *body, apr_bucket_brigade *brigade, apr_int64_t max, int *is_whole)
{
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *bytes;
        apr_size_t length;
        apr_status_t rv;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *is_whole = 1;
            return OK;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        rv = apr_bucket_read(bucket, &bytes, &length, APR_BLOCK_READ);
        if (rv != APR_SUCCESS) {
            return ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        }
        if ((apr_int64_t)(body->length + length) > max) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
        append(body, bytes, length);
    }
    return OK;
}

/* LimitRequestBody counts too: its own answer would be no JSON. */
static int announces_too_much(const request_rec *r, apr_int64_t max)
{
    const char *announced = apr_table_get(r->headers_in, "Content-Length");
    const apr_int64_t length = announced ? apr_atoi64(announced) : 0;
    const apr_off_t limit = ap_get_limit_req_body(r);

    return length > max || (limit > 0 && length > limit);
}

/*
 * httpd's own filters answer a bad chunk, or a body above LimitRequestBody, with a page of their
 * own: an error bucket sent down the output filters. While the body is read it is caught, for us to
 * answer.
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

static int read_all(request_rec *r, body_t *body, apr_int64_t max)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int is_whole = 0;

    while (!is_whole) {
        const apr_status_t rv = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES,
                                               APR_BLOCK_READ, READ_SIZE);
        const int status = rv == APR_SUCCESS ? append_brigade(body, brigade, max, &is_whole)
                                             : ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        apr_brigade_cleanup(brigade);
        if (status != OK) {
            return status;
        }
    }
    return OK;
}

int si_request_body_read(request_rec *r, apr_int64_t max, const char **body, apr_size_t *length)
{
    body_t read = { .pool = r->pool, .capacity = READ_SIZE };
    int caught = 0;
    ap_filter_t *catcher;
    int status;

    if (announces_too_much(r, max)) {
        return HTTP_REQUEST_ENTITY_TOO_LARGE;
    }
    read.bytes = apr_palloc(r->pool, read.capacity);
    catcher = ap_add_output_filter_handle(error_catcher, &caught, r, r->connection);
    status = read_all(r, &read, max);
    ap_remove_output_filter(catcher);
    *body = read.bytes;
    *length = read.length;
    return caught ? caught : status;
}
