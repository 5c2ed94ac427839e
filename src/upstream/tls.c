/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/tls.h"

#include "upstream/endpoint.h"

#include <pthread.h>
#include <stdlib.h>

static void lock(CURL *easy, curl_lock_data data, curl_lock_access access, void *mutex)
{
    (void)easy;
    (void)data;
    (void)access;
    pthread_mutex_lock(mutex);
}

static void unlock(CURL *easy, curl_lock_data data, void *mutex)
{
    (void)easy;
    (void)data;
    pthread_mutex_unlock(mutex);
}

static int set_up(CURLSH *share, pthread_mutex_t *mutex)
{
    return curl_share_setopt(share, CURLSHOPT_USERDATA, mutex) == CURLSHE_OK
           && curl_share_setopt(share, CURLSHOPT_LOCKFUNC, lock) == CURLSHE_OK
           && curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, unlock) == CURLSHE_OK
           && curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
}

CURLSH *si_tls_sessions_make(void)
{
    pthread_mutex_t *mutex = malloc(sizeof(pthread_mutex_t));
    CURLSH *share = curl_share_init();

    if (mutex && share) {
        pthread_mutex_init(mutex, NULL);
        if (set_up(share, mutex)) {
            return share;
        }
    }
    curl_share_cleanup(share);
    free(mutex);
    return NULL;
}

const char *si_tls_library_without_ca(void)
{
    struct curl_blob any = { (void *)"", 1, CURL_BLOB_NOCOPY };
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code == CURLE_OK) {
        CURL *easy = curl_easy_init();
        code = curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &any);
        curl_easy_cleanup(easy);
        curl_global_cleanup();
    }
    return code == CURLE_NOT_BUILT_IN ? curl_version_info(CURLVERSION_NOW)->ssl_version : NULL;
}
