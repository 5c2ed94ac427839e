"""Servers as processes: on a free port, until they listen, ended by the pid they were started with."""

import contextlib
import os
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(('127.0.0.1', port)) == 0


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # each is the leader of a group of its own
    process.wait()


def last_lines(log, count=15):
    """Of a log that may be gone when the error is read."""
    with open(log, encoding='utf-8', errors='replace') as lines:
        return ''.join(lines.readlines()[-count:]).rstrip()


@contextlib.contextmanager
def running(command, port, log, cpu=None, environment=None):
    """Starts a server, waits until it listens, yields the process and ends it."""
    command = (['taskset', '-c', cpu] if cpu else []) + [str(part) for part in command]
    with open(log, 'ab') as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   start_new_session=True, env={**os.environ, **(environment or {})})
    try:
        until = time.monotonic() + 60
        while not listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f'{" ".join(command)} does not listen on {port}\n{last_lines(log)}')
            time.sleep(0.1)
        yield process
    finally:
        end(process)
