/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/session_request.h"

#include "json/json_edit.h"
#include "json/json_string.h"
#include "request/query.h"
#include "json/utf8.h"

#include <apr_strings.h>
#include <string.h>

#define LITERAL(text) text, sizeof(text) - 1

typedef struct {
    const char *prefix;
    apr_size_t length;
    const char *container;
} family_t;

/* Contract 3.1: an implicit session (GET) uses "manifest.", an explicit one "manifestParams.". */
static const family_t families[] = {
    { LITERAL("ads."), "adsParams" },
    { LITERAL("playerParams."), "playerParams" },
    { LITERAL("manifest."), "manifestParams" },
    { LITERAL("manifestParams."), "manifestParams" },
};

typedef struct {
    const char *name;      /* in the query */
    const char *container; /* NULL: top level */
    const char *member;
    int is_boolean;
} service_t;

/* Contract 3.2. */
static const service_t services[] = {
    { "aws.reportingMode", NULL, "reportingMode", 0 },
    { "aws.logMode", NULL, "logMode", 0 },
    { "aws.availSuppressionMode", "availSuppression", "mode", 0 },
    { "aws.availSuppressionValue", "availSuppression", "value", 0 },
    { "aws.availSuppressionFillPolicy", "availSuppression", "fillPolicy", 0 },
    { "aws.overlayAvails", NULL, "overlayAvails", 0 },
    { "aws.adSignalingEnabled", "adSignaling", "enabled", 1 },
    { "aws.insertionMode", NULL, "insertionMode", 0 },
    { "aws.startTime", NULL, "startTime", 0 },
    { "aws.preroll", NULL, "preroll", 0 },
    { "aws.guidedPrefetchMode", NULL, "guidedPrefetchMode", 0 },
};

/* A request being built: the overlay for its body and what stays in its upstream query. */
typedef struct {
    apr_pool_t *pool;
    si_overlay_t *overlay;
    char *kept; /* as long as the query that came in */
    apr_size_t kept_length;
    const char *message; /* for the player, if there is an error; NULL for the error's own */
} builder_t;

/* Sets container.member (member at top level if container is NULL) to the JSON text. */
static void set_member(builder_t *builder, const char *container, const char *member,
                       apr_size_t length, const char *json)
{
    si_overlay_t *object = container ? si_overlay_object(builder->overlay, container)
                                     : builder->overlay;

    si_overlay_set(object, member, length, json);
}

static void keep_in_query(builder_t *builder, const si_query_item_t *item)
{
    if (builder->kept_length > 0) {
        builder->kept[builder->kept_length++] = '&';
    }
    memcpy(builder->kept + builder->kept_length, item->text, item->length);
    builder->kept_length += item->length;
}

/* The item's value as a JSON string; NULL if it is not UTF-8. */
static const char *value_as_string(const builder_t *builder, const si_query_item_t *item)
{
    apr_size_t length;
    const char *value = si_query_decode(builder->pool, item->value, item->value_length, &length);

    return si_utf8_valid(value, length) ? si_json_string_encode(builder->pool, value, length)
                                        : NULL;
}

static si_error_t set_string(builder_t *builder, const char *container, const char *member,
                             apr_size_t length, const si_query_item_t *item)
{
    const char *json = value_as_string(builder, item);

    if (!json || !si_utf8_valid(member, length)) {
        builder->message = "A query parameter is not UTF-8 when decoded.";
        return SI_ERROR_BAD_QUERY;
    }
    set_member(builder, container, member, length, json);
    return SI_ERROR_NONE;
}

static si_error_t set_boolean(builder_t *builder, const service_t *service,
                              const si_query_item_t *item)
{
    apr_size_t length;
    const char *value = si_query_decode(builder->pool, item->value, item->value_length, &length);

    if (strlen(value) != length || (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)) {
        builder->message = apr_pstrcat(builder->pool, service->name, " must be true or false.",
                                       NULL);
        return SI_ERROR_BAD_QUERY;
    }
    set_member(builder, service->container, service->member, strlen(service->member), value);
    return SI_ERROR_NONE;
}

static const service_t *find_service(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(name, services[i].name) == 0) {
            return &services[i];
        }
    }
    return NULL;
}

static const family_t *find_family(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (strncmp(name, families[i].prefix, families[i].length) == 0) {
            return &families[i];
        }
    }
    return NULL;
}

/*
 * aws.*: documented parameters move into the body, aws.streamId is dropped (the module sets it),
 * unknown ones stay in the query.
 */
static si_error_t merge_service(builder_t *builder, const char *name, apr_size_t length,
                                const si_query_item_t *item)
{
    const service_t *service = strlen(name) == length ? find_service(name) : NULL;

    if (service) {
        return service->is_boolean ? set_boolean(builder, service, item)
                                   : set_string(builder, service->container, service->member,
                                                strlen(service->member), item);
    }
    if (!si_query_name_is(item, "aws.streamId")) {
        keep_in_query(builder, item);
    }
    return SI_ERROR_NONE;
}

static si_error_t merge_item(builder_t *builder, const si_query_item_t *item)
{
    apr_size_t length;
    const char *name = si_query_decode(builder->pool, item->text, item->name_length, &length);
    const family_t *family;

    if (strncmp(name, "aws.", 4) == 0) {
        return merge_service(builder, name, length, item);
    }
    family = find_family(name);
    if (family) {
        return set_string(builder, family->container, name + family->length,
                          length - family->length, item);
    }
    keep_in_query(builder, item);
    return set_string(builder, "playerParams", name, length, item);
}

static si_error_t merge_query(builder_t *builder, const char *query)
{
    si_query_item_t item;

    while (si_query_next(&query, &item)) {
        const si_error_t error = item.length > 0 ? merge_item(builder, &item) : SI_ERROR_NONE;
        if (error != SI_ERROR_NONE) {
            return error;
        }
    }
    return SI_ERROR_NONE;
}

static si_error_t edit_error(builder_t *builder, si_edit_status_t status, const si_edit_t *edit)
{
    if (status == SI_EDIT_NOT_AN_OBJECT) {
        builder->message = apr_pstrcat(builder->pool, "The query adds to \"", edit->what,
                                       "\", which is not an object in the body.", NULL);
        return SI_ERROR_BAD_CONTAINER;
    }
    builder->message = apr_psprintf(
        builder->pool, "The body must be a JSON object: %s, at byte %" APR_SIZE_T_FMT ".",
        edit->what, edit->offset);
    return SI_ERROR_BAD_JSON;
}

static si_error_t build(builder_t *builder, const char *body, apr_size_t length, const char *query,
                        const char *stream_id, si_edit_t *edit)
{
    si_edit_status_t status;

    if (query) {
        si_error_t error;
        builder->kept = apr_palloc(builder->pool, strlen(query) + 1);
        error = merge_query(builder, query);
        if (error != SI_ERROR_NONE) {
            return error;
        }
    }
    si_overlay_set(builder->overlay, LITERAL("streamId"),
                   si_json_string_encode(builder->pool, stream_id, strlen(stream_id)));
    status = length > 0 ? si_json_edit(body, length, builder->overlay, edit)
                        : si_json_edit("{}", 2, builder->overlay, edit);
    return status == SI_EDIT_DONE ? SI_ERROR_NONE : edit_error(builder, status, edit);
}

si_error_t si_session_request_make(apr_pool_t *pool, const char *body, apr_size_t length,
                                   const char *query, const char *stream_id,
                                   si_session_request_t *request)
{
    builder_t builder = { .pool = pool, .overlay = si_overlay_make(pool) };
    si_edit_t edit = { .text = NULL };
    const si_error_t error = build(&builder, body, length, query, stream_id, &edit);

    request->message = builder.message;
    request->body = edit.text;
    request->body_length = edit.length;
    request->query = NULL;
    if (builder.kept_length > 0) {
        builder.kept[builder.kept_length] = '\0';
        request->query = builder.kept;
    }
    return error;
}
