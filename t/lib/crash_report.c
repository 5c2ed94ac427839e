/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Preloaded into the tests' httpd: a process that crashes writes its stack to stderr, which is
 * httpd's error log, so that a test can tell whose crash it is. httpd's own handlers for these
 * signals are kept out. It also does so under AddressSanitizer, whose own report of a signal is
 * lost as soon as httpd installs its handlers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

typedef int sigaction_fn(int, const struct sigaction *, struct sigaction *);

static sigaction_fn *real_sigaction(void)
{
    static sigaction_fn *real;

    if (!real) {
        void *symbol = dlsym(RTLD_NEXT, "sigaction");
        memcpy(&real, &symbol, sizeof(real));
    }
    return real;
}

static int is_fatal(int signal)
{
    size_t i;

    for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        if (fatal[i] == signal) {
            return 1;
        }
    }
    return 0;
}

int sigaction(int signal, const struct sigaction *action, struct sigaction *before)
{
    return real_sigaction()(signal, is_fatal(signal) ? NULL : action, before);
}

static void write_text(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
        return;
    }
}

static void report(int signal)
{
    char line[64];
    void *stack[64];

    snprintf(line, sizeof(line), "crash of %ld by signal %d:\n", (long)getpid(), signal);
    write_text(line);
    backtrace_symbols_fd(stack, backtrace(stack, 64), STDERR_FILENO);
    write_text("end of crash\n");
    raise(signal); /* by default, since SA_RESETHAND */
}

__attribute__((constructor)) static void set_up(void)
{
    const struct sigaction action = { .sa_handler = report,
                                      .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
    void *stack[1];
    size_t i;

    backtrace(stack, 1); /* loads what it needs */
    for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        real_sigaction()(fatal[i], &action, NULL);
    }
}
