/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Threads of the module's own within httpd. */
#ifndef SI_THREAD_H
#define SI_THREAD_H

#include <pthread.h>
#include <signal.h>

/* Starts a thread with all signals blocked: they are for the MPM's. Returns 0 or an errno. */
static inline int si_thread_start(pthread_t *thread, void *(*run)(void *), void *data)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(thread, NULL, run, data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

#endif
