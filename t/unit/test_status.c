/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The output formats of the status: counters in, bytes out. */
#include "tap.h"

#include "status/status.h"

static apr_pool_t *pool;

static const char *written(si_status_form_fn *form, const si_vhost_status_t *vhosts, int count)
{
    const si_status_t status = { apr_time_from_sec(1700000000), vhosts, count };
    apr_bucket_alloc_t *alloc = apr_bucket_alloc_create(pool);
    apr_bucket_brigade *out = apr_brigade_create(pool, alloc);
    apr_size_t length;
    char *text;

    form(out, &status);
    apr_brigade_pflatten(out, &text, &length, pool);
    return apr_pstrmemdup(pool, text, length);
}

/* "1" to "9", as many as there are weights. */
static const si_stream_ids_t *ids_of(const char *weights)
{
    si_stream_ids_t *ids = si_stream_ids_make(pool, "StreamIds");

    for (; *weights; weights++) {
        si_stream_ids_add(ids, apr_itoa(pool, ids->count + 1), *weights - '0');
    }
    return ids;
}

static si_vhost_status_t example(void)
{
    si_vhost_status_t server = { .name = "video.example.com:80", .stream_ids = ids_of("11") };

    server.counts.redirects[0] = 30;
    server.counts.redirects[1] = 10;
    server.counts.sessions[0] = 60;
    server.counts.redirects_without_id = 7;
    server.counts.preflights = 8;
    server.counts.errors[0] = 9;
    server.counts.answers[0] = 60;
    server.counts.answers[3] = 4;
    server.counts.error_types[9] = 5;
    server.counts.kept_connections = 61;
    server.counts.times[0] = 50;
    server.counts.times[2] = 13;
    server.counts.times[SI_COUNTED_TIMES - 1] = 1;
    server.counts.time_us = 6400000;
    server.in_flight = 3;
    return server;
}

static void as_json(void)
{
    const si_vhost_status_t server = example();
    const char *text = written(si_status_json, &server, 1);

    contains(text, "{\"since\":1700000000,", "JSON: when counting began");
    contains(text, "\"name\":\"video.example.com:80\"", "JSON: the server");
    contains(text, "{\"id\":\"1\",\"expected_share\":0.500000,\"redirects\":30,\"sessions\":60}",
             "JSON: an id");
    contains(text, "\"id\":\"2\",\"expected_share\":0.500000,\"redirects\":10,\"sessions\":0}]",
             "JSON: the last id");
    contains(text, "\"redirects_without_id\":7,\"preflights\":8", "JSON: without an id");
    contains(text, "\"errors\":{\"bad-json\":9,\"bad-query\":0", "JSON: errors");
    contains(text, "\"in_flight\":3,\"kept_connections\":61", "JSON: calls");
    contains(text, "\"answers\":{\"2xx\":60,\"3xx\":0,\"4xx\":0,\"5xx\":4,\"other\":0}",
             "JSON: answers");
    contains(text, "\"GatewayTimeoutException\":5,\"other\":0}", "JSON: types of errors");
    contains(text,
             "\"time\":{\"count\":64,\"sum_seconds\":6.400000,\"buckets\":[{\"le_seconds\":"
             "0.005,\"count\":50},{\"le_seconds\":0.010,\"count\":50},{\"le_seconds\":0.025,"
             "\"count\":63}",
             "JSON: buckets add up");
    is(written(si_status_json, NULL, 0), "{\"since\":1700000000,\n \"servers\":[]}\n",
       "JSON: no server");
}

static void as_metrics(void)
{
    const si_vhost_status_t server = example();
    const char *text = written(si_status_metrics, &server, 1);

    contains(text,
             "# TYPE session_initializer_redirects_total counter\n"
             "session_initializer_redirects_total{vhost=\"video.example.com:80\",stream_id=\"1\"} "
             "30\n",
             "metrics: redirects");
    contains(text,
             "session_initializer_expected_share_ratio{vhost=\"video.example.com:80\",stream_id="
             "\"2\"} 0.500000\n",
             "metrics: the expected share");
    contains(text, "_bucket{vhost=\"video.example.com:80\",le=\"0.025\"} 63\n",
             "metrics: buckets add up");
    contains(text, "_bucket{vhost=\"video.example.com:80\",le=\"+Inf\"} 64\n",
             "metrics: the last bucket is all");
    contains(text, "_sum{vhost=\"video.example.com:80\"} 6.400000\n", "metrics: seconds");
    contains(text, "_count{vhost=\"video.example.com:80\"} 64\n", "metrics: the count");
}

static void as_page(void)
{
    const si_vhost_status_t server = example();
    const char *text = written(si_status_page, &server, 1);

    contains(text, "<h2>video.example.com:80</h2>", "page: the server");
    contains(text, "<td>90.0&nbsp;%</td><td class=\"expected\">50.0&nbsp;%</td>", "page: shares");
    contains(text, "<i style=\"width:90.0%\"></i><b style=\"left:50.0%\"></b>", "page: the bar");
    contains(text, "<tr><th>On a kept connection</th><td>95.3&nbsp;%</td></tr>", "page: kept");
    contains(text, "<tr><th>Mean time</th><td>100.0&nbsp;ms</td></tr>", "page: mean");
    contains(text, "up to&nbsp;5&nbsp;ms</th><td>50</td>", "page: milliseconds");
    contains(text, "above&nbsp;60&nbsp;s</th><td>1</td>", "page: seconds");
    ok(!strstr(text, "<script"), "page: no script");
    ok(!strstr(text, "bad-query"), "page: an error that never happened has no row");
    contains(written(si_status_section, &server, 1), "<h2>video.example.com:80</h2>",
             "mod_status: the section");
    ok(!strstr(written(si_status_section, &server, 1), "up to&nbsp;"), "mod_status: it is short");
}

static void as_lines(void)
{
    const si_vhost_status_t servers[] = { example(), example() };
    const char *text = written(si_status_auto, servers, 2);

    contains(text, "SessionInitializer[0]Name: video.example.com:80\n", "auto: the server");
    contains(text, "SessionInitializer[1]Stream[0]Sessions: 60\n", "auto: an id");
    contains(text, "SessionInitializer[1]UpstreamAnswers: 64\n", "auto: answers");
    contains(text, "SessionInitializer[1]UpstreamMs: 6400\n", "auto: time");
}

/* There are two files, one of which has never been read. */
static si_vhost_status_t with_schedules(void)
{
    static const si_schedule_status_t files[] = {
        { "/etc/<a>\"&.json", 12, 1700000001000000, NULL },
        { "b.json", 0, 0, "Items[0].<\"x\"> is missing" },
    };
    apr_array_header_t *schedules = apr_array_make(pool, 2, sizeof(files[0]));
    si_vhost_status_t server = example();

    APR_ARRAY_PUSH(schedules, si_schedule_status_t) = files[0];
    APR_ARRAY_PUSH(schedules, si_schedule_status_t) = files[1];
    server.schedules = schedules;
    return server;
}

static void of_schedules(void)
{
    const si_vhost_status_t servers[] = { example(), with_schedules() };
    const char *text = written(si_status_json, servers, 2);

    contains(text,
             "\"schedules\":[\n    {\"file\":\"/etc/<a>\\\"&.json\",\"in_force\":12,\"read\":"
             "1700000001,\"problem\":null},\n    {\"file\":\"b.json\",\"in_force\":0,"
             "\"read\":null,\"problem\":\"Items[0].<\\\"x\\\"> is missing\"}]",
             "schedules: JSON");
    text = written(si_status_page, servers, 2);
    contains(text,
             "<tr><th>/etc/&lt;a&gt;&quot;&amp;.json</th><td>12</td>"
             "<td>Tue, 14 Nov 2023 22:13:21 GMT</td><td class=\"text\"></td></tr>",
             "schedules: page");
    contains(text,
             "<td>0</td><td>never</td><td class=\"text\">Items[0].&lt;&quot;x&quot;&gt; is "
             "missing</td>",
             "schedules: page, the problem");
    text = written(si_status_metrics, servers, 2);
    contains(text,
             "# TYPE session_initializer_schedule_count gauge\n"
             "session_initializer_schedule_count{vhost=\"video.example.com:80\","
             "file=\"/etc/<a>\\\"&.json\"} 12\n"
             "session_initializer_schedule_count{vhost=\"video.example.com:80\","
             "file=\"b.json\"} 0\n",
             "schedules: metrics");
    contains(text, "file=\"b.json\"} 0\n# HELP session_initializer_schedule_up_to_date",
             "schedules: metrics, never read");
    contains(text, "schedule_up_to_date{vhost=\"video.example.com:80\",file=\"b.json\"} 0\n",
             "schedules: metrics, the problem");
    text = written(si_status_auto, servers, 2);
    contains(text,
             "SessionInitializer[1]Schedule[1]File: b.json\n"
             "SessionInitializer[1]Schedule[1]InForce: 0\n"
             "SessionInitializer[1]Schedule[1]Problem: Items[0].<\"x\"> is missing\n",
             "schedules: auto");
    ok(!strstr(written(si_status_metrics, servers, 1), "schedule"), "no schedules: no metrics");
    ok(!strstr(written(si_status_json, servers, 1), "schedule"), "no schedules: no JSON");
    ok(!strstr(written(si_status_page, servers, 1), "schedule"), "no schedules: no table");
}

static void of_addresses(void)
{
    static const si_address_status_t known[] = { { "192.0.2.1", 1, 1700000001000000, 0 },
                                                 { "2001:db8::1", 0, 1700000002000000, 7 } };
    apr_array_header_t *addresses = apr_array_make(pool, 2, sizeof(known[0]));
    si_vhost_status_t vhost = example();
    const char *text;

    ok(!strstr(written(si_status_json, &vhost, 1), "addresses"), "no addresses: not in JSON");
    APR_ARRAY_PUSH(addresses, si_address_status_t) = known[0];
    APR_ARRAY_PUSH(addresses, si_address_status_t) = known[1];
    vhost.addresses = addresses;
    contains(
        written(si_status_json, &vhost, 1),
        "\"addresses\":[\n     {\"address\":\"192.0.2.1\",\"in_use\":true,\"since\":1700000001,"
        "\"failures\":0},\n     {\"address\":\"2001:db8::1\",\"in_use\":false,\"since\":"
        "1700000002,\"failures\":7}],",
        "addresses: JSON");
    contains(written(si_status_page, &vhost, 1),
             "<tr><th>2001:db8::1</th><td>left out</td><td>Tue, 14 Nov 2023 22:13:22 GMT</td>"
             "<td>7</td></tr>",
             "addresses: the page");
    text = written(si_status_metrics, &vhost, 1);
    contains(text,
             "session_initializer_upstream_address_in_use{vhost=\"video.example.com:80\",address="
             "\"192.0.2.1\"} 1\n",
             "addresses: metrics, in use");
    contains(text,
             "session_initializer_upstream_address_failures{vhost=\"video.example.com:80\","
             "address=\"2001:db8::1\"} 7\n",
             "addresses: metrics, failures");
}

/* Names come from the configuration: every format shows them as UTF-8, and two names stay two. */
static const struct {
    const char *name, *html, *json, *label;
} names[] = {
    { "<a>&\"b\\\n", "&lt;a&gt;&amp;&quot;b\\\n", "<a>&\\\"b\\\\\\n", "<a>&\\\"b\\\\\\n" },
    { "b\xc3\xbchne", "b\xc3\xbchne", "b\xc3\xbchne", "b\xc3\xbchne" },
    { "b\xfchne", "b\\xFChne", "b\\\\xFChne", "b\\\\xFChne" },
    { "b\xe4hne", "b\\xE4hne", "b\\\\xE4hne", "b\\\\xE4hne" },
};

static void names_are_escaped(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(names); i++) {
        si_vhost_status_t vhost = { .name = names[i].name, .stream_ids = ids_of("1") };

        contains(written(si_status_page, &vhost, 1),
                 apr_pstrcat(pool, "<h2>", names[i].html, "</h2>", NULL), "HTML: %s",
                 names[i].label);
        contains(written(si_status_json, &vhost, 1),
                 apr_pstrcat(pool, "\"name\":\"", names[i].json, "\"", NULL), "JSON: %s",
                 names[i].label);
        contains(written(si_status_metrics, &vhost, 1),
                 apr_pstrcat(pool, "{vhost=\"", names[i].label, "\"", NULL), "label: %s",
                 names[i].label);
    }
}

/* Nothing has happened yet: there is no division by zero. */
static void of_nothing(void)
{
    si_vhost_status_t server = { .name = "x:1", .stream_ids = ids_of("1135") };
    const char *text = written(si_status_page, &server, 1);

    contains(text, "<td>0.0&nbsp;%</td><td class=\"expected\">10.0&nbsp;%</td>", "nothing: shares");
    ok(!strstr(text, "nan") && !strstr(text, "inf"), "nothing has happened: all numbers are shown");
}

int main(void)
{
    pool = tap_pool();
    as_json();
    as_metrics();
    as_page();
    as_lines();
    of_schedules();
    of_addresses();
    names_are_escaped();
    of_nothing();
    return done();
}
