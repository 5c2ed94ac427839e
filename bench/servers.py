"""The contenders as processes: started in turn, measured through /proc, ended by the pid they were started with."""

import contextlib
import copy
import json
import os
import pathlib
import shutil
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / 'script'))

from processes import free_port, running

# Where each runs, as far as the machine has two processors.
SERVER_CPU, LOAD_CPU = ('0', '1') if os.cpu_count() > 1 else ('0', '0')


class Place:
    """The paths that bench/run has prepared, and what the players send."""

    def __init__(self, directory, httpd, modules, module, nginx, headers, defines=()):
        self.directory = pathlib.Path(directory)
        self.httpd, self.modules, self.module = httpd, modules, module
        self.headers = headers  # what players send
        self.defines = defines  # that every httpd gets
        self.nginx = pathlib.Path(nginx)  # the root that nginx's packages are unpacked in

    def with_headers(self, headers):
        other = copy.copy(self)
        other.headers = headers
        return other


class Upstream:
    """What stands in for MediaTailor, on a http and a https port."""

    def __init__(self, place):
        self.place = place
        self.http, self.https = free_port(), free_port()
        self.certificate = place.directory / 'upstream.pem'

    @contextlib.contextmanager
    def running(self, delay_ms=0):
        command = [self.place.directory / 'upstream', '-c', self.certificate, '-p', self.http,
                   '-s', self.https, '-d', delay_ms]
        with running(command, self.http, self.place.directory / 'upstream.log', LOAD_CPU):
            yield self

    def url(self, scheme):
        return f'{scheme}://127.0.0.1:{self.http if scheme == "http" else self.https}'

    def counts(self):
        with urllib.request.urlopen(f'http://127.0.0.1:{self.http}/_bench/counts', timeout=5) as answer:
            return json.load(answer)


class Contender:
    def __init__(self, name, kind, status, scheme='http', vhost=''):
        self.name, self.kind, self.status, self.scheme = name, kind, status, scheme
        self.vhost = vhost  # directives of the virtual host that players ask, if it is to have some
        self.method = 'GET' if status == 302 else 'POST'

    def prepare(self, place, upstream, one_process, mpm, vhosts):
        """Writes what the server reads and returns its command and environment."""
        self.port = free_port()
        self.run = place.directory / 'run'
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir()
        make = self.httpd if self.kind.isupper() else self.nginx
        return make(place, upstream, one_process, mpm, vhosts)

    def httpd(self, place, upstream, one_process, mpm, vhosts):
        (self.run / 'streams.txt').write_text('ids 1|2|3\n')
        (self.run / 'vhosts.conf').write_text(''.join(
            f'<VirtualHost 127.0.0.1:{self.port}>\nServerName v{n}.example.com\n</VirtualHost>\n'
            for n in range(vhosts)))
        if self.vhost:
            with (self.run / 'vhosts.conf').open('a') as file:
                file.write(f'<VirtualHost 127.0.0.1:{self.port}>\nServerName cdn.example.com\n{self.vhost}\n'
                           '</VirtualHost>\n')
        defines = {'BENCH_PORT': self.port, 'BENCH_RUN': self.run, 'BENCH_MODULES': place.modules,
                   'BENCH_MODULE': place.module, 'BENCH_UPSTREAM': upstream.url(self.scheme),
                   'CONTENDER_' + self.kind: 'yes', mpm: 'yes'}
        defines |= {name: 'yes' for name in place.defines}
        if self.scheme == 'https':
            defines['BENCH_CA'] = upstream.certificate
        command = [place.httpd, '-d', self.run, '-f', HERE / 'conf/httpd.conf']
        for name, value in defines.items():
            command += ['-C', f'Define {name} "{value}"']
        return command + (['-X'] if one_process else ['-D', 'FOREGROUND']), {}

    def nginx(self, place, upstream, one_process, mpm, vhosts):
        libraries = place.nginx / 'usr/lib/x86_64-linux-gnu'
        text = (HERE / f'conf/nginx-{self.kind}.conf').read_text()
        for name, value in {'RUN': self.run, 'CONF': HERE / 'conf', 'PORT': self.port,
                            'UPSTREAM': f'127.0.0.1:{upstream.http}', 'LIBRARIES': libraries,
                            'MODULES': place.nginx / 'usr/lib/nginx/modules',
                            'SHARE': place.nginx / 'usr/share',
                            'MASTER_PROCESS': 'off' if one_process else 'on'}.items():
            text = text.replace(f'@{name}@', str(value))
        (self.run / 'nginx.conf').write_text(text)
        return ([place.nginx / 'usr/sbin/nginx', '-e', self.run / 'error.log', '-p', self.run,
                 '-c', self.run / 'nginx.conf'], {'LD_LIBRARY_PATH': str(libraries)})

    @contextlib.contextmanager
    def running(self, place, upstream, mpm='MPM_DEFAULT', one_process=False, wrapper=(), vhosts=0):
        command, environment = self.prepare(place, upstream, one_process, mpm, vhosts)
        with running([*wrapper, *command], self.port, self.run / 'output.log', SERVER_CPU,
                     environment) as process:
            yield Tree(process.pid)


REDIRECTS = [Contender('mod_alias', 'ALIAS', 302),
             Contender('mod_rewrite rnd:', 'REWRITE', 302),
             Contender('module redirect', 'MODULE', 302)]
POSTS = [Contender('mod_proxy_http', 'PROXY', 200),
         Contender('nginx lua', 'lua', 200),
         Contender('nginx njs', 'njs', 200),
         Contender('module POST http', 'MODULE', 200),
         Contender('module POST https', 'MODULE', 200, 'https')]


class Tree:
    """A server's process and its children, as /proc tells of them."""

    def __init__(self, pid):
        self.pid = pid

    def pids(self):
        pids = [self.pid]
        for pid in pids:
            with contextlib.suppress(OSError):
                for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
                    pids += [int(child) for child in (task / 'children').read_text().split()]
        return pids

    def _each(self, name, read):
        for pid in self.pids():
            with contextlib.suppress(OSError):
                yield read(pathlib.Path(f'/proc/{pid}/{name}'))

    def cpu_seconds(self):
        """User and system time, that of ended children too."""
        def read(path):
            fields = path.read_text().rpartition(') ')[2].split()
            return sum(int(ticks) for ticks in fields[11:15])
        return sum(self._each('stat', read)) / os.sysconf('SC_CLK_TCK')

    def _memory_kb(self, name, field):
        def read(path):
            lines = [line.split() for line in path.read_text().splitlines()]
            return next((int(words[1]) for words in lines if words[0] == field), 0)
        return sum(self._each(name, read))

    def pss_mb(self):
        return self._memory_kb('smaps_rollup', 'Pss:') / 1024

    def rss_mb(self):
        return self._memory_kb('status', 'VmRSS:') / 1024

    def threads(self):
        return self._memory_kb('status', 'Threads:')

    def descriptors(self):
        return sum(self._each('fd', lambda path: len(list(path.iterdir()))))
