/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * TLS sessions that an endpoint's new connections resume. Private to upstream/.
 *
 * libcurl before 8.12 keeps TLS sessions per handle: in a burst, each connection would make a full
 * handshake. Endpoints with different trust do not share sessions, though libcurl also compares the
 * trust before it resumes one.
 */
#ifndef SI_TLS_H
#define SI_TLS_H

#include <curl/curl.h>

/*
 * Creates a value for CURLOPT_SHARE of the endpoint's handles, in any thread. It lives as long as
 * the process. Returns NULL if memory runs out.
 */
CURLSH *si_tls_sessions_make(void);

#endif
