/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Random bodies and queries through si_session_build, against a model of its own: an object is a
 * list of members, a number is its text. CASES in the environment says how many, SEED which ones.
 */
#include "tap.h"

#include "request/session_request.h"

#include <apr_tables.h>
#include <apr_time.h>

#define SHOWN_FAILURES 5

static apr_pool_t *pool; /* of one case */

static apr_uint64_t random_state;

/* splitmix64 */
static apr_uint64_t next_random(void)
{
    apr_uint64_t z = random_state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int below(int limit)
{
    return (int)(next_random() % (apr_uint64_t)limit);
}

static int one_in(int n)
{
    return below(n) == 0;
}

/* Bytes that grow; a new one is { 0 }. */
typedef struct {
    char *bytes;
    apr_size_t length, room;
} text_t;

static void add(text_t *text, const char *bytes, apr_size_t length)
{
    if (text->length + length >= text->room) {
        char *old = text->bytes;
        text->room = 2 * (text->length + length) + 64;
        text->bytes = apr_palloc(pool, text->room);
        if (old) {
            memcpy(text->bytes, old, text->length);
        }
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

static void add_string(text_t *text, const char *string)
{
    add(text, string, strlen(string));
}

static void add_char(text_t *text, int c)
{
    const char byte = (char)c;
    add(text, &byte, 1);
}

/* code as UTF-8; a surrogate in the same pattern, so that no two names become one. */
static void add_code(text_t *text, unsigned code)
{
    if (code < 0x80) {
        add_char(text, (int)code);
        return;
    }
    if (code < 0x800) {
        add_char(text, (int)(0xC0 | code >> 6));
    }
    else {
        if (code < 0x10000) {
            add_char(text, (int)(0xE0 | code >> 12));
        }
        else {
            add_char(text, (int)(0xF0 | code >> 18));
            add_char(text, (int)(0x80 | (code >> 12 & 0x3F)));
        }
        add_char(text, (int)(0x80 | (code >> 6 & 0x3F)));
    }
    add_char(text, (int)(0x80 | (code & 0x3F)));
}

static int same(const text_t *a, const text_t *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
}

/* The model. */
typedef struct {
    text_t name;     /* decoded */
    text_t raw_name; /* as it stands; empty where the member is added */
    enum {
        RAW,
        STRING
    } kind; /* value is JSON text, or a string decoded */
    text_t value;
    apr_array_header_t *members; /* of an object, member_t; NULL where it is none */
    int is_edited;               /* compare members, value is out of date */
} member_t;

static apr_array_header_t *make_members(void)
{
    return apr_array_make(pool, 8, sizeof(member_t));
}

#define AT(members, i) (&APR_ARRAY_IDX(members, i, member_t))

static member_t *find(const apr_array_header_t *members, const text_t *name)
{
    int i;

    for (i = 0; members && i < members->nelts; i++) {
        if (same(&AT(members, i)->name, name)) {
            return AT(members, i);
        }
    }
    return NULL;
}

static member_t *find_or_push(apr_array_header_t *members, const text_t *name)
{
    member_t *member = find(members, name);

    if (!member) {
        member = apr_array_push(members);
        memset(member, 0, sizeof(*member));
        member->name = *name;
    }
    return member;
}

static void drop_repetitions(apr_array_header_t *members, const member_t *first)
{
    int from, to = 0;

    for (from = 0; from < members->nelts; from++) {
        member_t *member = AT(members, from);
        if (member <= first || !same(&member->name, &first->name)) {
            *AT(members, to++) = *member;
        }
    }
    members->nelts = to;
}

/* Lays overlay over members; returns 0 where a member should be an object and is none. */
static int lay_over(apr_array_header_t *members, const apr_array_header_t *overlay)
{
    int i;

    for (i = 0; i < overlay->nelts; i++) {
        const member_t *wanted = AT(overlay, i);
        const int is_new = !find(members, &wanted->name);
        member_t *member = find_or_push(members, &wanted->name);

        if (!wanted->members) {
            member->kind = wanted->kind;
            member->value = wanted->value;
            member->members = NULL;
            member->is_edited = 0;
            drop_repetitions(members, member);
            continue;
        }
        if (is_new) {
            member->members = make_members();
        }
        member->is_edited = 1;
        if (!member->members || !lay_over(member->members, wanted->members)) {
            return 0;
        }
    }
    return 1;
}

/* Random JSON. */

static void add_space(text_t *json)
{
    while (one_in(4)) {
        add_char(json, " \t\r\n"[below(4)]);
    }
}

static unsigned random_code(void)
{
    static const unsigned telling[] = { 0,      '"',    '\\',   '/',    '\n',    0x1F,
                                        ' ',    0x7F,   0x80,   0x7FF,  0x800,   0xD7FF,
                                        0xE000, 0xFEFF, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF };

    if (one_in(3)) {
        return telling[below((int)COUNT_OF(telling))];
    }
    return (unsigned)(one_in(4)   ? 0x10000 + below(0x100000)
                      : one_in(3) ? below(0xD800)
                                  : 'a' + below(26));
}

static void add_unit(text_t *json, unsigned unit)
{
    add_string(json, apr_psprintf(pool, one_in(2) ? "\\u%04x" : "\\u%04X", unit));
}

static void add_escape(text_t *json, unsigned code)
{
    if (code > 0xFFFF) {
        add_unit(json, 0xD800 + ((code - 0x10000) >> 10));
        add_unit(json, 0xDC00 + ((code - 0x10000) & 0x3FF));
        return;
    }
    add_unit(json, code);
}

/* code in one of its spellings. */
static void spell(text_t *json, unsigned code)
{
    static const char characters[] = "\"\\/\b\f\n\r\t", letters[] = "\"\\/bfnrt";
    const char *found = code && code < 0x80 ? strchr(characters, (int)code) : NULL;

    if (found && one_in(2)) {
        add_char(json, '\\');
        add_char(json, letters[found - characters]);
    }
    else if (code < ' ' || code == '"' || code == '\\' || one_in(6)) {
        add_escape(json, code);
    }
    else {
        add_code(json, code);
    }
}

/* A JSON string without its quotes, and what it decodes to. */
static void add_random_string(text_t *json, text_t *decoded)
{
    while (!one_in(6)) {
        if (one_in(30)) { /* a letter behind it keeps it alone */
            const unsigned surrogate = 0xD800 + (unsigned)below(0x800);
            add_unit(json, surrogate);
            add_code(decoded, surrogate);
            add_char(json, 'x');
            add_char(decoded, 'x');
            continue;
        }
        const unsigned code = random_code();
        spell(json, code);
        add_code(decoded, code);
    }
}

static void add_digits(text_t *json)
{
    do {
        add_char(json, '0' + below(10));
    } while (!one_in(5));
}

static void add_random_number(text_t *json)
{
    if (one_in(3)) {
        add_char(json, '-');
    }
    if (one_in(3)) {
        add_char(json, '0');
    }
    else {
        add_char(json, '1' + below(9));
        add_digits(json);
    }
    if (one_in(2)) {
        add_char(json, '.');
        add_digits(json);
    }
    if (one_in(3)) {
        static const char *const exponents[] = { "e", "E", "e+", "E-" };
        add_string(json, exponents[below(4)]);
        add_digits(json);
    }
}

static void add_random_object(text_t *json, int depth);

static void add_random_value(text_t *json, int depth)
{
    static const char *const words[] = { "true", "false", "null" };
    text_t ignored = { 0 };
    int i;

    switch (below(depth < 5 ? 6 : 3)) {
    case 0:
        add_random_number(json);
        break;
    case 1:
        add_string(json, words[below(3)]);
        break;
    case 2:
    case 3:
        add_char(json, '"');
        add_random_string(json, &ignored);
        add_char(json, '"');
        break;
    case 4:
        add_char(json, '[');
        add_space(json);
        for (i = below(4); i > 0; i--) {
            add_random_value(json, depth + 1);
            add_space(json);
            add_string(json, i > 1 ? ", " : "");
        }
        add_char(json, ']');
        break;
    default:
        add_random_object(json, depth + 1);
    }
}

static const char *const containers[] = { "adsParams", "playerParams", "manifestParams",
                                          "availSuppression", "adSignaling" };
static const char *const plain_names[] = {
    "streamId", "streamId", "logMode",    "reportingMode", "overlayAvails",
    "mode",     "value",    "fillPolicy", "enabled",       "p",
    "q",        "r",        "",           "streamid",      "aws.streamId"
};

static void spell_out(text_t *json, text_t *decoded, const char *name)
{
    for (; *name; name++) {
        spell(json, (unsigned char)*name);
        add_char(decoded, *name);
    }
}

static void add_random_name(text_t *json, text_t *decoded)
{
    if (one_in(4)) {
        add_random_string(json, decoded);
    }
    else {
        spell_out(json, decoded, plain_names[below((int)COUNT_OF(plain_names))]);
    }
    if (one_in(20)) {
        add_escape(json, 0);
        add_char(decoded, '\0');
    }
}

/* Adds a member to json and, where members is not NULL, to it. */
static void add_random_member(text_t *json, apr_array_header_t *members, int depth,
                              const char *container);

static apr_array_header_t *add_random_members(text_t *json, int depth)
{
    apr_array_header_t *members = make_members();
    const int count = below(7);
    int i;

    add_char(json, '{');
    add_space(json);
    for (i = 0; i < count; i++) {
        if (i > 0) {
            add_space(json);
            add_char(json, ',');
            add_space(json);
        }
        add_random_member(json, members, depth, NULL);
    }
    /* Of each container at most one. */
    for (i = 0; depth == 1 && i < (int)COUNT_OF(containers); i++) {
        if (one_in(3)) {
            add_string(json, members->nelts > 0 ? "," : "");
            add_random_member(json, members, depth, containers[i]);
        }
    }
    add_space(json);
    add_char(json, '}');
    return members;
}

static void add_random_object(text_t *json, int depth)
{
    add_random_members(json, depth);
}

static void add_random_member(text_t *json, apr_array_header_t *members, int depth,
                              const char *container)
{
    member_t member = { 0 };

    if (container) {
        spell_out(&member.raw_name, &member.name, container);
    }
    else {
        add_random_name(&member.raw_name, &member.name);
    }
    if (container && !one_in(8)) {
        member.members = add_random_members(&member.value, depth + 1);
    }
    else if (container) {
        add_string(&member.value, one_in(2) ? "[]" : "null");
    }
    else {
        add_random_value(&member.value, depth);
    }
    add_char(json, '"');
    add(json, member.raw_name.bytes ? member.raw_name.bytes : "", member.raw_name.length);
    add_char(json, '"');
    add_space(json);
    add_char(json, ':');
    add_space(json);
    add(json, member.value.bytes, member.value.length);
    APR_ARRAY_PUSH(members, member_t) = member;
}

/* Random queries. */

static void add_encoded(text_t *query, const text_t *decoded, int may_have_equals)
{
    apr_size_t i;

    for (i = 0; i < decoded->length; i++) {
        const unsigned char c = (unsigned char)decoded->bytes[i];
        const int must = c <= ' ' || c == 0x7F || c == '&' || c == '%'
                         || (c == '=' && !may_have_equals);
        if (must || one_in(8)) {
            add_string(query, apr_psprintf(pool, one_in(2) ? "%%%02x" : "%%%02X", (unsigned)c));
        }
        else {
            add_char(query, c);
        }
    }
}

static void add_random_text(text_t *text)
{
    while (!one_in(5)) {
        add_code(text, one_in(10) ? (unsigned)"=&%+?/"[below(6)] : random_code());
    }
}

static const struct {
    const char *prefix;
    const char *container;
} families[] = {
    { "ads.", "adsParams" },
    { "playerParams.", "playerParams" },
    { "manifest.", "manifestParams" },
    { "manifestParams.", "manifestParams" },
    { "", "playerParams" }, /* anything else: it stays in the query too */
};

static const struct {
    const char *name;
    const char *container;
    const char *member;
} services[] = {
    { "aws.reportingMode", NULL, "reportingMode" },
    { "aws.logMode", NULL, "logMode" },
    { "aws.availSuppressionMode", "availSuppression", "mode" },
    { "aws.availSuppressionValue", "availSuppression", "value" },
    { "aws.availSuppressionFillPolicy", "availSuppression", "fillPolicy" },
    { "aws.overlayAvails", NULL, "overlayAvails" },
    { "aws.insertionMode", NULL, "insertionMode" },
    { "aws.startTime", NULL, "startTime" },
    { "aws.preroll", NULL, "preroll" },
    { "aws.guidedPrefetchMode", NULL, "guidedPrefetchMode" },
    { "aws.adSignalingEnabled", "adSignaling", "enabled" },
    { "aws.streamId", NULL, NULL },  /* dropped */
    { "aws.sessionId", NULL, NULL }, /* stays */
    { "aws.unknown", NULL, NULL },   /* stays */
};

static text_t text_of(const char *string)
{
    text_t text = { 0 };

    add_string(&text, string);
    return text;
}

static member_t *set(apr_array_header_t *overlay, const char *container, const text_t *name,
                     const text_t *value)
{
    if (container) {
        const text_t container_name = text_of(container);
        member_t *member = find_or_push(overlay, &container_name);
        if (!member->members) {
            member->members = make_members();
        }
        overlay = member->members;
    }
    member_t *member = find_or_push(overlay, name);
    member->kind = STRING;
    member->value = *value;
    return member;
}

/* One item onto item; what it does goes to overlay. Returns whether it stays in the query. */
static int random_service(text_t *item, apr_array_header_t *overlay)
{
    const int i = below((int)COUNT_OF(services));
    const text_t name = text_of(services[i].name);
    text_t value = { 0 };

    add_encoded(item, &name, 0);
    add_char(item, '=');
    if (strcmp(services[i].name, "aws.adSignalingEnabled") == 0) {
        const text_t member = text_of(services[i].member);
        value = text_of(one_in(2) ? "true" : "false");
        set(overlay, services[i].container, &member, &value)->kind = RAW;
    }
    else {
        add_random_text(&value);
        if (services[i].member) {
            const text_t member = text_of(services[i].member);
            set(overlay, services[i].container, &member, &value);
        }
    }
    add_encoded(item, &value, 1);
    return !services[i].member && strcmp(services[i].name, "aws.streamId") != 0;
}

static int random_parameter(text_t *item, apr_array_header_t *overlay)
{
    const int i = below((int)COUNT_OF(families));
    const int stays = !*families[i].prefix;
    const text_t prefix = text_of(families[i].prefix);
    text_t name = { 0 }, value = { 0 };

    if (one_in(2)) {
        name = text_of(plain_names[9 + below(4)]); /* p, q, r and none */
    }
    else {
        add_char(&name, 'x');
        add_random_text(&name);
    }
    add_random_text(&value);
    set(overlay, families[i].container, &name, &value);
    add_encoded(item, &prefix, 0);
    add_encoded(item, &name, 0);
    if (value.length > 0 || item->length == 0 || one_in(2)) {
        add_char(item, '=');
        add_encoded(item, &value, 1);
    }
    return stays;
}

/* A query, what it lays over the body, and what stays of it. */
static void random_query(text_t *query, apr_array_header_t *overlay, text_t *kept)
{
    int i;

    for (i = below(9); i > 0; i--) {
        text_t item = { 0 };
        int stays = 0;

        if (!one_in(10)) {
            stays = one_in(3) ? random_service(&item, overlay) : random_parameter(&item, overlay);
        }
        add(query, item.bytes ? item.bytes : "", item.length);
        add_string(query, i > 1 || one_in(10) ? "&" : "");
        if (stays) {
            add_string(kept, kept->length > 0 ? "&" : "");
            add(kept, item.bytes, item.length);
        }
    }
}

/* Reading the result: its JSON is good where it is as expected, so only expected turns are taken.
 */

typedef struct {
    const char *p, *end;
} reader_t;

static void read_space(reader_t *reader)
{
    while (reader->p < reader->end && *reader->p && strchr(" \t\r\n", *reader->p)) {
        reader->p++;
    }
}

static int read_char(reader_t *reader, char c)
{
    if (reader->p == reader->end || *reader->p != c) {
        return 0;
    }
    reader->p++;
    return 1;
}

static unsigned read_unit(const char *digits)
{
    return (unsigned)strtoul(apr_pstrmemdup(pool, digits, 4), NULL, 16);
}

/* A string: what stands between its quotes, and decoded. */
static int read_string(reader_t *reader, text_t *raw, text_t *decoded)
{
    static const char letters[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    const char *start = reader->p + 1;

    if (!read_char(reader, '"')) {
        return 0;
    }
    while (reader->p < reader->end && *reader->p != '"') {
        const char *found;
        if (*reader->p != '\\') {
            add_char(decoded, *reader->p++);
            continue;
        }
        if (reader->end - reader->p < 2) {
            return 0;
        }
        found = strchr(letters, reader->p[1]);
        if (found && *found) {
            add_char(decoded, characters[found - letters]);
            reader->p += 2;
            continue;
        }
        if (reader->end - reader->p < 6) {
            return 0;
        }
        unsigned code = read_unit(reader->p + 2);
        reader->p += 6;
        if (code >= 0xD800 && code < 0xDC00 && reader->end - reader->p > 6 && reader->p[0] == '\\'
            && reader->p[1] == 'u') {
            const unsigned low = read_unit(reader->p + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                reader->p += 6;
            }
        }
        add_code(decoded, code);
    }
    add(raw, start, (apr_size_t)(reader->p - start));
    return read_char(reader, '"');
}

static int read_text(reader_t *reader, const text_t *text)
{
    if ((apr_size_t)(reader->end - reader->p) < text->length
        || memcmp(reader->p, text->bytes, text->length) != 0) {
        return 0;
    }
    reader->p += text->length;
    return 1;
}

static int read_members(reader_t *reader, const apr_array_header_t *members);

static int read_member(reader_t *reader, const member_t *member)
{
    text_t raw = { 0 }, decoded = { 0 };

    if (!read_string(reader, &raw, &decoded) || !same(&decoded, &member->name)
        || (member->raw_name.length > 0 && !same(&raw, &member->raw_name))) {
        return 0;
    }
    read_space(reader);
    if (!read_char(reader, ':')) {
        return 0;
    }
    read_space(reader);
    if (member->is_edited) {
        return read_members(reader, member->members);
    }
    if (member->kind == STRING) {
        text_t value = { 0 };
        return read_string(reader, &raw, &value) && same(&value, &member->value);
    }
    return read_text(reader, &member->value);
}

static int read_members(reader_t *reader, const apr_array_header_t *members)
{
    int i;

    if (!read_char(reader, '{')) {
        return 0;
    }
    for (i = 0; i < members->nelts; i++) {
        read_space(reader);
        if (i > 0 && !read_char(reader, ',')) {
            return 0;
        }
        read_space(reader);
        if (!read_member(reader, AT(members, i))) {
            return 0;
        }
    }
    read_space(reader);
    return read_char(reader, '}');
}

static int is_as_expected(const si_session_t *session, const apr_array_header_t *members,
                          const text_t *kept)
{
    reader_t reader = { session->body, session->body + session->body_length };

    read_space(&reader);
    if (!read_members(&reader, members)) {
        return 0;
    }
    read_space(&reader);
    return reader.p == reader.end
           && tap_same(session->query, session->query ? strlen(session->query) : 0,
                       kept->length > 0 ? kept->bytes : NULL, kept->length);
}

/* Returns whether it went as the model says. */
static int run_case(int number, int may_show, int *refusals)
{
    apr_array_header_t *overlay = make_members(), *members;
    const text_t id_name = text_of("streamId"), id = text_of(apr_itoa(pool, 1 + below(10)));
    text_t body = { 0 }, query = { 0 }, kept = { 0 };
    si_session_t session = { 0 };
    const si_problem_t *problem;
    int is_good, passed;

    if (one_in(20)) {
        members = make_members();
        add_string(&body, "");
    }
    else {
        add_space(&body);
        members = add_random_members(&body, 1);
        add_space(&body);
    }
    add_string(&query, "");
    random_query(&query, overlay, &kept);
    set(overlay, NULL, &id_name, &id);
    is_good = lay_over(members, overlay);
    *refusals += !is_good;

    char *body_copy = exact_copy(body.bytes, body.length);
    problem = si_session_build(pool, body_copy, body.length, query.bytes, id.bytes, &session);
    free(body_copy);

    passed = is_good ? !problem && is_as_expected(&session, members, &kept)
                     : problem && strcmp(problem->slug, "bad-container") == 0;
    if (!passed && may_show) {
        printf("#   case %d, %s\n", number, is_good ? "to be accepted" : "to be refused");
        tap_detail("      body", body.bytes, body.length);
        tap_detail("     query", query.bytes, query.length);
        tap_detail("   problem", problem ? problem->message : "none",
                   strlen(problem ? problem->message : "none"));
        tap_detail("  got body", problem ? NULL : session.body, session.body_length);
        tap_detail(" got query", problem ? NULL : session.query,
                   !problem && session.query ? strlen(session.query) : 0);
        tap_detail("kept query", kept.bytes, kept.length);
    }
    return passed;
}

static apr_uint64_t from_environment(const char *name, apr_uint64_t otherwise)
{
    const char *value = getenv(name);
    return value && *value ? (apr_uint64_t)apr_strtoi64(value, NULL, 10) : otherwise;
}

int main(void)
{
    apr_pool_t *root = tap_pool();
    const apr_uint64_t seed = from_environment("SEED", (apr_uint64_t)apr_time_now() % 1000000000);
    const int cases = (int)from_environment("CASES", 2000);
    int i, failures = 0, refusals = 0;

    printf("# SEED=%" APR_UINT64_T_FMT " CASES=%d\n", seed, cases);
    random_state = seed;
    apr_pool_create(&pool, root);
    for (i = 0; i < cases; i++) {
        failures += !run_case(i, failures < SHOWN_FAILURES, &refusals);
        apr_pool_clear(pool);
    }
    is_number(failures, 0, "%d random requests are built as the model says", cases);
    ok(refusals < cases, "most of them are good ones: %d are not", refusals);
    return done();
}
