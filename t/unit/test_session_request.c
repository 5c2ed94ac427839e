/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* A session initialization's body and query on their way to MediaTailor; the stream id is 3. */
#include "tap.h"

#include "request/session_request.h"

typedef struct {
    const char *name;
    const char *body;
    const char *query; /* NULL: none */
    const char *body_up;
    const char *query_up; /* NULL: none */
} row_t;

#define ID ",\"streamId\":\"3\"}"

static const row_t rows[] = {
    /* The body. */
    { "contract row 6: empty body", "", NULL, "{\"streamId\":\"3\"}", NULL },
    { "empty object", "{}", NULL, "{\"streamId\":\"3\"}", NULL },
    { "the original's example",
      "{\"adsParams\":{\"device\":\"smartphone\",\"subscription\":\"tier2\"}}", NULL,
      "{\"adsParams\":{\"device\":\"smartphone\",\"subscription\":\"tier2\"}" ID, NULL },
    { "contract row 33: the client's id is replaced", "{\"streamId\":\"9\",\"a\":1}", NULL,
      "{\"streamId\":\"3\",\"a\":1}", NULL },
    { "the client's id, a number", "{\"streamId\":9}", NULL, "{\"streamId\":\"3\"}", NULL },
    { "the client's id, an object", "{\"streamId\":{\"streamId\":\"9\"}}", NULL,
      "{\"streamId\":\"3\"}", NULL },
    { "the client's id, escaped", "{\"stream\\u0049d\":\"9\"}", NULL, "{\"stream\\u0049d\":\"3\"}",
      NULL },
    { "the client's id, escaped otherwise", "{\"\\u0073treamId\":\"9\"}", NULL,
      "{\"\\u0073treamId\":\"3\"}", NULL },
    { "the client's id, twice", "{\"streamId\":\"8\",\"a\":1,\"stream\\u0049d\":\"9\"}", NULL,
      "{\"streamId\":\"3\",\"a\":1}", NULL },
    { "the id's name before a NUL", "{\"streamId\\u0000\":\"9\"}", NULL,
      "{\"streamId\\u0000\":\"9\"" ID, NULL },
    { "the id's name deeper stays", "{\"adsParams\":{\"streamId\":\"9\"}}", NULL,
      "{\"adsParams\":{\"streamId\":\"9\"}" ID, NULL },
    { "aws.streamId in the body is not a stream id", "{\"aws.streamId\":\"9\"}", NULL,
      "{\"aws.streamId\":\"9\"" ID, NULL },
    { "numbers, digit for digit",
      "{\"a\":12345678901234567890123,\"b\":1.10,\"c\":1e400,\"d\":-0,\"e\":[0.1,1E-7]}", NULL,
      "{\"a\":12345678901234567890123,\"b\":1.10,\"c\":1e400,\"d\":-0,\"e\":[0.1,1E-7]" ID, NULL },
    { "order, escapes and white space", " {\n\t\"z\" : \"\\/\\u00e4\\ud83d\" ,\r\n\"a\":[ ] }\n",
      NULL, " {\n\t\"z\" : \"\\/\\u00e4\\ud83d\" ,\r\n\"a\":[ ],\"streamId\":\"3\" }\n", NULL },
    { "repeated names pass", "{\"a\":1,\"a\":2}", NULL, "{\"a\":1,\"a\":2" ID, NULL },
    { "lone surrogates pass", "{\"\\ud83d\":\"\\ude00\"}", NULL, "{\"\\ud83d\":\"\\ude00\"" ID,
      NULL },

    /* No query. */
    { "contract row 22: empty query", "{}", "", "{\"streamId\":\"3\"}", NULL },
    { "empty items alone", "{}", "&&", "{\"streamId\":\"3\"}", NULL },

    /* Families. */
    { "ads.", "", "ads.p=v", "{\"adsParams\":{\"p\":\"v\"}" ID, NULL },
    { "playerParams.", "", "playerParams.p=v", "{\"playerParams\":{\"p\":\"v\"}" ID, NULL },
    { "contract row 19: manifest.", "", "manifest.t=1", "{\"manifestParams\":{\"t\":\"1\"}" ID,
      NULL },
    { "manifestParams.", "", "manifestParams.t=1", "{\"manifestParams\":{\"t\":\"1\"}" ID, NULL },
    { "both spellings, the last wins", "", "manifest.t=1&manifestParams.t=2",
      "{\"manifestParams\":{\"t\":\"2\"}" ID, NULL },
    { "both spellings, other way round", "", "manifestParams.t=1&manifest.t=2",
      "{\"manifestParams\":{\"t\":\"2\"}" ID, NULL },
    { "all families", "",
      "ads.a=1&playerParams.b=2&manifest.c=3&manifestParams.d=4&aws.logMode=DEBUG",
      "{\"adsParams\":{\"a\":\"1\"},\"playerParams\":{\"b\":\"2\"},"
      "\"manifestParams\":{\"c\":\"3\",\"d\":\"4\"},\"logMode\":\"DEBUG\"" ID,
      NULL },
    { "a point in the name", "", "ads.a.b=1", "{\"adsParams\":{\"a.b\":\"1\"}" ID, NULL },
    { "a family within a family", "", "ads.aws.logMode=1",
      "{\"adsParams\":{\"aws.logMode\":\"1\"}" ID, NULL },
    { "ads.streamId is not a stream id", "", "ads.streamId=9",
      "{\"adsParams\":{\"streamId\":\"9\"}" ID, NULL },
    { "family's name escaped", "", "%61ds%2Ep=v", "{\"adsParams\":{\"p\":\"v\"}" ID, NULL },
    { "family's name, nothing after it", "", "ads.=v", "{\"adsParams\":{\"\":\"v\"}" ID, NULL },
    { "name of two cases", "", "ads.P=1&ads.p=2", "{\"adsParams\":{\"P\":\"1\",\"p\":\"2\"}" ID,
      NULL },

    /* Merged into existing containers. */
    { "the body's container is added to", "{\"adsParams\":{\"q\":1}}", "ads.p=v",
      "{\"adsParams\":{\"q\":1,\"p\":\"v\"}" ID, NULL },
    { "the query wins over the body", "{\"adsParams\":{\"p\":\"b\",\"q\":1.0}}", "ads.p=v",
      "{\"adsParams\":{\"p\":\"v\",\"q\":1.0}" ID, NULL },
    { "the query wins over an escaped name", "{\"\\u0061dsParams\":{\"\\u0070\":\"b\"}}", "ads.p=v",
      "{\"\\u0061dsParams\":{\"\\u0070\":\"v\"}" ID, NULL },
    { "the query wins over another type", "{\"adsParams\":{\"p\":{\"x\":[1]}}}", "ads.p=v",
      "{\"adsParams\":{\"p\":\"v\"}" ID, NULL },
    { "the query wins over repetitions", "{\"adsParams\":{\"p\":\"1\",\"p\":\"2\"}}", "ads.p=v",
      "{\"adsParams\":{\"p\":\"v\"}" ID, NULL },
    { "contract row 16: suppression merged",
      "{\"availSuppression\":{\"mode\":\"OFF\",\"fillPolicy\":\"PARTIAL_AVAIL\"}}",
      "aws.availSuppressionMode=BEHIND_LIVE_EDGE&aws.availSuppressionValue=00:00:21",
      "{\"availSuppression\":{\"mode\":\"BEHIND_LIVE_EDGE\",\"fillPolicy\":\"PARTIAL_AVAIL\","
      "\"value\":\"00:00:21\"}" ID,
      NULL },
    { "adSignaling merged", "{\"adSignaling\":{\"enabled\":\"no\",\"x\":1}}",
      "aws.adSignalingEnabled=true", "{\"adSignaling\":{\"enabled\":true,\"x\":1}" ID, NULL },
    { "top level replaced in place", "{\"logMode\":\"DISABLED\",\"a\":1}", "aws.logMode=DEBUG",
      "{\"logMode\":\"DEBUG\",\"a\":1" ID, NULL },

    /* aws.*: contract 3.2, row by row. */
    { "contract row 18: aws.reportingMode", "", "aws.reportingMode=server",
      "{\"reportingMode\":\"server\"" ID, NULL },
    { "contract row 18: aws.logMode", "", "aws.logMode=DEBUG", "{\"logMode\":\"DEBUG\"" ID, NULL },
    { "contract row 15: aws.availSuppressionMode", "", "aws.availSuppressionMode=OFF",
      "{\"availSuppression\":{\"mode\":\"OFF\"}" ID, NULL },
    { "contract row 13: aws.availSuppressionValue", "", "aws.availSuppressionValue=00%3A00%3A21",
      "{\"availSuppression\":{\"value\":\"00:00:21\"}" ID, NULL },
    { "contract row 14: aws.availSuppressionFillPolicy", "",
      "aws.availSuppressionFillPolicy=FULL_AVAIL_ONLY",
      "{\"availSuppression\":{\"fillPolicy\":\"FULL_AVAIL_ONLY\"}" ID, NULL },
    { "aws.overlayAvails", "", "aws.overlayAvails=on", "{\"overlayAvails\":\"on\"" ID, NULL },
    { "aws.adSignalingEnabled=true", "", "aws.adSignalingEnabled=true",
      "{\"adSignaling\":{\"enabled\":true}" ID, NULL },
    { "aws.adSignalingEnabled=false", "", "aws.adSignalingEnabled=false",
      "{\"adSignaling\":{\"enabled\":false}" ID, NULL },
    { "aws.adSignalingEnabled, escaped", "", "aws.adSignalingEnabled=%74rue",
      "{\"adSignaling\":{\"enabled\":true}" ID, NULL },
    { "aws.insertionMode", "", "aws.insertionMode=GUIDED", "{\"insertionMode\":\"GUIDED\"" ID,
      NULL },
    { "aws.startTime", "", "aws.startTime=2025-01-02T03%3A04%3A05%2B00:00",
      "{\"startTime\":\"2025-01-02T03:04:05+00:00\"" ID, NULL },
    { "aws.preroll", "", "aws.preroll=disabled", "{\"preroll\":\"disabled\"" ID, NULL },
    { "aws.guidedPrefetchMode", "", "aws.guidedPrefetchMode=MANIFEST",
      "{\"guidedPrefetchMode\":\"MANIFEST\"" ID, NULL },
    { "all of the suppression", "",
      "aws.availSuppressionMode=AFTER_LIVE_EDGE&aws.availSuppressionValue=00:01:00"
      "&aws.availSuppressionFillPolicy=PARTIAL_AVAIL",
      "{\"availSuppression\":{\"mode\":\"AFTER_LIVE_EDGE\",\"value\":\"00:01:00\","
      "\"fillPolicy\":\"PARTIAL_AVAIL\"}" ID,
      NULL },
    { "aws.*, name escaped", "", "aws%2ElogMode=DEBUG", "{\"logMode\":\"DEBUG\"" ID, NULL },
    { "aws.*, no value", "", "aws.logMode", "{\"logMode\":\"\"" ID, NULL },
    { "aws.*, any value passes", "", "aws.logMode=nonsense", "{\"logMode\":\"nonsense\"" ID, NULL },

    /* Neither moved nor dropped. */
    { "aws.streamId is dropped", "", "aws.streamId=9", "{\"streamId\":\"3\"}", NULL },
    { "aws.streamId is dropped, escaped", "{\"a\":1}", "aws%2EstreamI%64=9&aws.streamId",
      "{\"a\":1" ID, NULL },
    { "aws.sessionId stays", "", "aws.sessionId=S%20x", "{\"streamId\":\"3\"}",
      "aws.sessionId=S%20x" },
    { "aws.sessionId stays, escaped", "", "aws%2EsessionId=S", "{\"streamId\":\"3\"}",
      "aws%2EsessionId=S" },
    { "unknown aws.* stays", "", "aws.new=%2b+&aws.=1&aws.logmode=x", "{\"streamId\":\"3\"}",
      "aws.new=%2b+&aws.=1&aws.logmode=x" },
    { "unknown aws.* before a NUL stays", "", "aws.logMode%00=x&aws.streamId%00=9",
      "{\"streamId\":\"3\"}", "aws.logMode%00=x&aws.streamId%00=9" },

    /* Any other parameter: in both. */
    { "contract row 20: copied, decoded, and kept", "", "tok=a%2Fb",
      "{\"playerParams\":{\"tok\":\"a/b\"}" ID, "tok=a%2Fb" },
    { "contract row 17: three letters are not a prefix", "", "adserver=z&ads=y&adsParams.x=1",
      "{\"playerParams\":{\"adserver\":\"z\",\"ads\":\"y\",\"adsParams.x\":\"1\"}" ID,
      "adserver=z&ads=y&adsParams.x=1" },
    { "a name is not a family", "", "playerParams=1&manifest=2&manifestParams=3&aws=4",
      "{\"playerParams\":{\"playerParams\":\"1\",\"manifest\":\"2\",\"manifestParams\":\"3\",\"aws\":\"4\"}" ID,
      "playerParams=1&manifest=2&manifestParams=3&aws=4" },
    { "families are case-sensitive", "", "ADS.p=1&AWS.logMode=2",
      "{\"playerParams\":{\"ADS.p\":\"1\",\"AWS.logMode\":\"2\"}" ID, "ADS.p=1&AWS.logMode=2" },
    { "streamId by itself is a player's parameter", "", "streamId=9",
      "{\"playerParams\":{\"streamId\":\"9\"}" ID, "streamId=9" },
    { "time-shift", "{}", "start=1700000000&end=1700000060",
      "{\"playerParams\":{\"start\":\"1700000000\",\"end\":\"1700000060\"}" ID,
      "start=1700000000&end=1700000060" },
    { "byte for byte", "", "x+y=%2f%2F+&%7A=%7a",
      "{\"playerParams\":{\"x+y\":\"//+\",\"z\":\"z\"}" ID, "x+y=%2f%2F+&%7A=%7a" },
    { "contract row 21: families leave, the rest stays", "",
      "a=1&ads.p=v&b=2&aws.logMode=DEBUG&aws.streamId=9&c=3&aws.sessionId=S&manifest.m=1",
      "{\"playerParams\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"},\"adsParams\":{\"p\":\"v\"},"
      "\"logMode\":\"DEBUG\",\"manifestParams\":{\"m\":\"1\"}" ID,
      "a=1&b=2&c=3&aws.sessionId=S" },
    { "playerParams. and anything else meet", "", "playerParams.a=1&a=2",
      "{\"playerParams\":{\"a\":\"2\"}" ID, "a=2" },
    { "anything else wins over the body", "{\"playerParams\":{\"a\":\"b\",\"z\":0}}", "a=1",
      "{\"playerParams\":{\"a\":\"1\",\"z\":0}" ID, "a=1" },

    /* Decoded exactly once. */
    { "contract row 12: decoded once", "", "ads.p=v%3A1", "{\"adsParams\":{\"p\":\"v:1\"}" ID,
      NULL },
    { "encoded twice, decoded once", "", "ads.p=v%253A1", "{\"adsParams\":{\"p\":\"v%3A1\"}" ID,
      NULL },
    { "names are decoded once", "", "ads.a%2520b=1", "{\"adsParams\":{\"a%20b\":\"1\"}" ID, NULL },
    { "plus is a plus", "", "ads.x+y=a+b%2Bc", "{\"adsParams\":{\"x+y\":\"a+b+c\"}" ID, NULL },
    { "broken escapes are themselves", "", "ads.p=100%&ads.q=%zz%4&ads.%=1",
      "{\"adsParams\":{\"p\":\"100%\",\"q\":\"%zz%4\",\"%\":\"1\"}" ID, NULL },
    { "broken escape in what stays", "", "p=%&q=%4",
      "{\"playerParams\":{\"p\":\"%\",\"q\":\"%4\"}" ID, "p=%&q=%4" },
    { "UTF-8", "", "ads.p=%C3%A4%E2%82%AC%F0%9F%98%80",
      "{\"adsParams\":{\"p\":\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"}" ID, NULL },
    { "UTF-8, raw", "", "ads.p=\xC3\xA4", "{\"adsParams\":{\"p\":\"\xC3\xA4\"}" ID, NULL },
    { "UTF-8 in a name", "", "ads.%C3%A4=1", "{\"adsParams\":{\"\xC3\xA4\":\"1\"}" ID, NULL },
    { "quotes cannot break out", "", "ads.p=%22,%22streamId%22:%229&ads.%22:{=1",
      "{\"adsParams\":{\"p\":\"\\\",\\\"streamId\\\":\\\"9\",\"\\\":{\":\"1\"}" ID, NULL },
    { "backslash", "", "ads.p=%5C%22", "{\"adsParams\":{\"p\":\"\\\\\\\"\"}" ID, NULL },
    { "slash stays one", "", "ads.u=https://h/p", "{\"adsParams\":{\"u\":\"https://h/p\"}" ID,
      NULL },
    { "controls are escaped", "", "ads.p=a%0D%0A%09%00%01b",
      "{\"adsParams\":{\"p\":\"a\\r\\n\\t\\u0000\\u0001b\"}" ID, NULL },
    { "NUL in a name", "{\"adsParams\":{\"a\":1}}", "ads.a%00b=2",
      "{\"adsParams\":{\"a\":1,\"a\\u0000b\":\"2\"}" ID, NULL },

    /* Items. */
    { "contract row 23: name without =", "", "ads.flag", "{\"adsParams\":{\"flag\":\"\"}" ID,
      NULL },
    { "nothing after =", "", "ads.flag=", "{\"adsParams\":{\"flag\":\"\"}" ID, NULL },
    { "name without = that stays", "", "flag", "{\"playerParams\":{\"flag\":\"\"}" ID, "flag" },
    { "contract row 23: empty items are skipped", "", "&ads.a=1&&b=2&&",
      "{\"adsParams\":{\"a\":\"1\"},\"playerParams\":{\"b\":\"2\"}" ID, "b=2" },
    { "empty items between what stays", "", "a=1&&b=2&",
      "{\"playerParams\":{\"a\":\"1\",\"b\":\"2\"}" ID, "a=1&b=2" },
    { "contract row 24: = in a value", "", "ads.kv=a=b", "{\"adsParams\":{\"kv\":\"a=b\"}" ID,
      NULL },
    { "escaped = in a name", "", "ads.a%3Db=c", "{\"adsParams\":{\"a=b\":\"c\"}" ID, NULL },
    { "escaped & in a value", "", "ads.a=b%26c", "{\"adsParams\":{\"a\":\"b&c\"}" ID, NULL },
    { "the last of repeated names", "", "ads.p=1&ads.q=2&ads.p=3",
      "{\"adsParams\":{\"p\":\"3\",\"q\":\"2\"}" ID, NULL },
    { "the last of repeated names, escaped otherwise", "", "ads.p=1&ads.%70=3",
      "{\"adsParams\":{\"p\":\"3\"}" ID, NULL },
    { "the last of repeated aws.*", "", "aws.logMode=1&aws.logMode=2", "{\"logMode\":\"2\"" ID,
      NULL },
    { "the last of repeated booleans", "",
      "aws.adSignalingEnabled=true&aws.adSignalingEnabled=false",
      "{\"adSignaling\":{\"enabled\":false}" ID, NULL },
    { "all of repeated names stay in the query", "", "p=1&p=2",
      "{\"playerParams\":{\"p\":\"2\"}" ID, "p=1&p=2" },

    /* Containers to which nothing is added may be anything. */
    { "a container of another type, unused",
      "{\"adsParams\":[1],\"playerParams\":null,\"availSuppression\":7}", "manifest.t=1",
      "{\"adsParams\":[1],\"playerParams\":null,\"availSuppression\":7,\"manifestParams\":{\"t\":\"1\"}" ID,
      NULL },
};

/* The inputs are copies that are freed afterwards: the result must not point into them. */
static si_error_t build(apr_pool_t *pool, const char *body, apr_size_t length, const char *query,
                        const char *stream_id, si_session_request_t *session)
{
    char *body_copy = exact_copy(body, length);
    char *query_copy = query ? exact_copy(query, strlen(query) + 1) : NULL;
    const si_error_t error = si_session_request_make(pool, body_copy, length, query_copy, stream_id,
                                                     session);

    free(body_copy);
    free(query_copy);
    return error;
}

static void build_rows(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(rows); i++) {
        const row_t *row = &rows[i];
        si_session_request_t session = { 0 };
        const si_error_t error = build(pool, row->body, strlen(row->body), row->query, "3",
                                       &session);

        is_number(error, SI_ERROR_NONE, "accepted: %s", row->name);
        if (error == SI_ERROR_NONE) {
            is_bytes(session.body, session.body_length, row->body_up, strlen(row->body_up),
                     "body: %s", row->name);
            is(session.query, row->query_up, "query: %s", row->name);
        }
    }
}

static const struct {
    const char *name;
    const char *body;
    apr_size_t length;
    const char *query;
    const char *error;
} refused[] = {
    { "contract row 8: single quotes", BYTES("{'streamId':'1'}"), NULL, "bad-json" },
    { "contract row 9: list", BYTES("[]"), NULL, "bad-json" },
    { "contract row 9: string", BYTES("\"a\""), NULL, "bad-json" },
    { "contract row 9: number", BYTES("1"), NULL, "bad-json" },
    { "contract row 9: null", BYTES("null"), NULL, "bad-json" },
    { "white space alone", BYTES(" "), NULL, "bad-json" },
    { "a form's body", BYTES("ads.p=v&a=b"), NULL, "bad-json" },
    { "byte order mark", BYTES("\xEF\xBB\xBF{}"), NULL, "bad-json" },
    { "NaN", BYTES("{\"a\":NaN}"), NULL, "bad-json" },
    { "comment", BYTES("{}//"), NULL, "bad-json" },
    { "trailing comma", BYTES("{\"a\":1,}"), NULL, "bad-json" },
    { "raw control", BYTES("{\"a\":\"\t\"}"), NULL, "bad-json" },
    { "invalid UTF-8", BYTES("{\"a\":\"\xFF\"}"), NULL, "bad-json" },
    { "NUL after the object", BYTES("{}\0"), NULL, "bad-json" },
    { "bad number", BYTES("{\"a\":01}"), NULL, "bad-json" },
    { "bad in a container that is edited", BYTES("{\"adsParams\":{\"a\":01}}"), "ads.p=v",
      "bad-json" },
    { "bad in a value that is replaced", BYTES("{\"streamId\":01}"), NULL, "bad-json" },
    { "33 nested",
      BYTES("{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"), NULL,
      "bad-json" },

    { "value not UTF-8", BYTES("{}"), "ads.p=%FF", "bad-query" },
    { "value not UTF-8, raw", BYTES("{}"), "ads.p=\xFF", "bad-query" },
    { "value cut within a character", BYTES("{}"), "ads.p=%E2%82", "bad-query" },
    { "value of a surrogate", BYTES("{}"), "ads.p=%ED%A0%80", "bad-query" },
    { "value overlong", BYTES("{}"), "ads.p=%C0%AF", "bad-query" },
    { "value not UTF-8, playerParams.", BYTES("{}"), "playerParams.p=%FF", "bad-query" },
    { "value not UTF-8, manifest.", BYTES("{}"), "manifest.p=%FF", "bad-query" },
    { "value not UTF-8, manifestParams.", BYTES("{}"), "manifestParams.p=%FF", "bad-query" },
    { "value not UTF-8, documented aws.*", BYTES("{}"), "aws.logMode=%FF", "bad-query" },
    { "value not UTF-8, anything else", BYTES("{}"), "p=%FF", "bad-query" },
    { "value not UTF-8, but a good one follows", BYTES("{}"), "ads.p=%FF&ads.p=1", "bad-query" },
    { "name not UTF-8", BYTES("{}"), "ads.%FF=1", "bad-query" },
    { "name not UTF-8, anything else", BYTES("{}"), "%FF=1", "bad-query" },
    { "boolean True", BYTES("{}"), "aws.adSignalingEnabled=True", "bad-query" },
    { "boolean 1", BYTES("{}"), "aws.adSignalingEnabled=1", "bad-query" },
    { "boolean empty", BYTES("{}"), "aws.adSignalingEnabled=", "bad-query" },
    { "boolean without a value", BYTES("{}"), "aws.adSignalingEnabled", "bad-query" },
    { "boolean with a space", BYTES("{}"), "aws.adSignalingEnabled=true%20", "bad-query" },
    { "boolean before a NUL", BYTES("{}"), "aws.adSignalingEnabled=true%00", "bad-query" },
    { "boolean that would break out", BYTES("{}"), "aws.adSignalingEnabled=true,%22x%22:1",
      "bad-query" },

    { "contract row 25: adsParams a list", BYTES("{\"adsParams\":[]}"), "ads.p=v",
      "bad-container" },
    { "adsParams a string", BYTES("{\"adsParams\":\"{}\"}"), "ads.p=v", "bad-container" },
    { "adsParams null", BYTES("{\"adsParams\":null}"), "ads.p=v", "bad-container" },
    { "adsParams escaped, a number", BYTES("{\"adsPar\\u0061ms\":1}"), "ads.p=v", "bad-container" },
    { "playerParams a list", BYTES("{\"playerParams\":[]}"), "playerParams.p=v", "bad-container" },
    { "playerParams a list, anything else", BYTES("{\"playerParams\":[]}"), "p=v",
      "bad-container" },
    { "manifestParams true", BYTES("{\"manifestParams\":true}"), "manifest.p=v", "bad-container" },
    { "manifestParams false", BYTES("{\"manifestParams\":false}"), "manifestParams.p=v",
      "bad-container" },
    { "availSuppression a string", BYTES("{\"availSuppression\":\"OFF\"}"),
      "aws.availSuppressionMode=OFF", "bad-container" },
    { "adSignaling a boolean", BYTES("{\"adSignaling\":true}"), "aws.adSignalingEnabled=true",
      "bad-container" },
    { "repeated, the second no object", BYTES("{\"adsParams\":{},\"adsParams\":1}"), "ads.p=v",
      "bad-container" },
    { "repeated, the first no object", BYTES("{\"adsParams\":1,\"adsParams\":{}}"), "ads.p=v",
      "bad-container" },
};

static void refuse_rows(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(refused); i++) {
        si_session_request_t session;
        const si_error_t error = build(pool, refused[i].body, refused[i].length, refused[i].query,
                                       "3", &session);

        if (ok(error != SI_ERROR_NONE, "refused: %s", refused[i].name)) {
            is(si_errors[error].name, refused[i].error, "refused: %s: error", refused[i].name);
            is_number(si_errors[error].status, 400, "refused: %s: 400", refused[i].name);
            ok(session.message && *session.message, "refused: %s: the message says why",
               refused[i].name);
        }
    }
}

/* The id is the one that was drawn, and always a string. */
static void stream_ids(apr_pool_t *pool)
{
    si_session_request_t session;

    build(pool, "{\"streamId\":1}", 14, NULL, "10", &session);
    is(session.body, "{\"streamId\":\"10\"}", "the id is a string");
}

/* 32 nested containers, one of which is edited. */
static void nesting(apr_pool_t *pool)
{
    const char *body = "{\"adsParams\":{\"a\":"
                       "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}";
    si_session_request_t session = { 0 };

    is_number(build(pool, body, strlen(body), "ads.p=v", "3", &session), SI_ERROR_NONE,
              "32 nested, edited: accepted");
    is(session.body,
       "{\"adsParams\":{\"a\":"
       "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],\"p\":\"v\"}" ID,
       "32 nested, edited: body");
}

/* A body of the default maximum size arrives byte for byte, except for the added member. */
static void large_body(apr_pool_t *pool)
{
    const apr_size_t length = 1048576;
    char *body = apr_palloc(pool, length + 1);
    si_session_request_t session = { 0 };
    apr_size_t i;

    memset(body, ' ', length);
    memcpy(body, "{\"pad\":\"", 8);
    for (i = 8; i < length - 2; i++) {
        body[i] = (char)('a' + i % 26);
    }
    body[length - 2] = '"';
    body[length - 1] = '}';
    body[length] = '\0';
    is_number(build(pool, body, length, NULL, "3", &session), SI_ERROR_NONE, "1 MiB: accepted");
    body[length - 1] = '\0';
    ok(session.body && strcmp(session.body, apr_pstrcat(pool, body, ID, NULL)) == 0,
       "1 MiB: byte for byte, except for the added member");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    build_rows(pool);
    refuse_rows(pool);
    stream_ids(pool);
    nesting(pool);
    large_body(pool);
    return done();
}
