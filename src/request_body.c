/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request_body.h"

#include <apr_buckets.h>
#include <apr_lib.h>
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

int si_request_body_read(request_rec *r, apr_int64_t max, const char **body, apr_size_t *length)
{
    body_t read = { .pool = r->pool };
    apr_bucket_brigade *brigade;
    int is_whole = 0;

    if (announces_too_much(r, max)) {
        return HTTP_REQUEST_ENTITY_TOO_LARGE;
    }
    read.capacity = READ_SIZE;
    read.bytes = apr_palloc(r->pool, read.capacity);
    brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    while (!is_whole) {
        apr_status_t rv = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES,
                                         APR_BLOCK_READ, READ_SIZE);
        int status = rv == APR_SUCCESS ? append_brigade(&read, brigade, max, &is_whole)
                                       : ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        apr_brigade_cleanup(brigade);
        if (status != OK) {
            return status;
        }
    }
    *body = read.bytes;
    *length = read.length;
    return OK;
}
