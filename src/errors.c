/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "errors.h"

const si_error_row_t si_errors[SI_ERROR_COUNT] = {
    [SI_ERROR_BAD_JSON] = { 400, "bad-json", "The body must be a JSON object." },
    [SI_ERROR_BAD_QUERY] = { 400, "bad-query", "The query holds a space or a control character." },
    [SI_ERROR_BAD_CONTAINER] = { 400, "bad-container",
                                 "The query adds to what is not an object in the body." },
    [SI_ERROR_BAD_REQUEST] = { 400, "bad-request", "The request body did not arrive whole." },
    [SI_ERROR_BAD_CODING] = { 400, "bad-coding", "The Transfer-Encoding may only be chunked." },
    [SI_ERROR_BAD_ENCODING] = { 400, "bad-encoding",
                                "The request body is not what its Content-Encoding says." },
    [SI_ERROR_BAD_HEADER] = { 400, "bad-header", "A header holds a control character." },
    [SI_ERROR_NOT_FOUND] = { 404, "not-found", "Not a MediaTailor playback or session URL." },
    [SI_ERROR_METHOD_NOT_ALLOWED] = { 405, "method-not-allowed",
                                      "This URL does not take the method; see Allow." },
    [SI_ERROR_REQUEST_TIMEOUT] = { 408, "request-timeout",
                                   "The request body did not arrive in time." },
    [SI_ERROR_BODY_TOO_LARGE] = { 413, "body-too-large", "The request body is too large." },
    [SI_ERROR_UNSUPPORTED_ENCODING] = { 415, "unsupported-encoding",
                                        "The request body has a Content-Encoding that is not "
                                        "taken here; see Accept-Encoding." },
    [SI_ERROR_NO_RANDOM] = { 500, "no-random", "No random number could be drawn." },
    [SI_ERROR_UPSTREAM_UNREACHABLE] = { 502, "upstream-unreachable",
                                        "The session service refused." },
    [SI_ERROR_UPSTREAM_UNRESOLVED] = { 502, "upstream-unresolved",
                                       "The session service was not found." },
    [SI_ERROR_UPSTREAM_TLS] = { 502, "upstream-tls", "The session service could not be trusted." },
    [SI_ERROR_UPSTREAM_PROTOCOL] = { 502, "upstream-protocol",
                                     "The session service gave no valid answer." },
    [SI_ERROR_UPSTREAM_TOO_LARGE] = { 502, "upstream-too-large",
                                      "The session service's answer is too large." },
    [SI_ERROR_NO_ENDPOINT] = { 503, "no-endpoint", "Sessions cannot be initialized by POST here." },
    [SI_ERROR_BUSY] = { 503, "busy", "Too many sessions are being initialized; try again." },
    [SI_ERROR_STOPPING] = { 503, "stopping", "The server is restarting; try again." },
    [SI_ERROR_UPSTREAM_TIMEOUT] = { 504, "upstream-timeout",
                                    "The session service did not answer in time." },
};
