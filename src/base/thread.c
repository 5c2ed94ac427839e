/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "base/thread.h"

#include <dlfcn.h>

static void keep_module_loaded(void)
{
    Dl_info info;

    if (dladdr((const void *)&keep_module_loaded, &info)) {
        dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    }
}

int si_thread_start(pthread_t *thread, void *(*run)(void *), void *data)
{
    sigset_t all, before;
    int rc;

    keep_module_loaded();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(thread, NULL, run, data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

void si_thread_hold_end(sigset_t *before)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, before);
}

void si_thread_release_end(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}
