/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * TLS sessions that an endpoint's new connections resume. Private to upstream/.
 *
 * libcurl before 8.12 keeps them for each handle alone: a burst's connections would each make a
 * whole handshake. Endpoints that differ in what they trust have their own, though libcurl compares
 * that too before it resumes a session.
 */
#ifndef SI_TLS_H
#define SI_TLS_H

#include <curl/curl.h>

/* For CURLOPT_SHARE of the endpoint's handles, in any thread. NULL where memory ran out. Lives as
 * long as the process. */
CURLSH *si_tls_sessions_make(void);

#endif
