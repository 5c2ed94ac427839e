"""User-space instructions per request, counted by callgrind: the same to within a percent on a busy machine too."""

import contextlib
import pathlib
import re
import subprocess
import time

from players import Players

SHORT, LONG = 200, 1200


class Counted:
    """A contender under callgrind, as one process."""

    def __init__(self, pid, run):
        self.pid, self.run, self.dumps = pid, run, 0

    def dump(self):
        """The instructions since the last dump, and the file that has them by function."""
        time.sleep(0.5)  # what a server does after its answer belongs to the request
        subprocess.run(['callgrind_control', '--dump', str(self.pid)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.dumps += 1
        file = self.run / f'callgrind.out.{self.dumps}'
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                found = re.search(r'^totals: (\d+)', file.read_text(), re.MULTILINE)
                if found:
                    return int(found.group(1)), file
            time.sleep(0.1)
        raise RuntimeError(f'callgrind wrote no {file}')


def callgrind(place):
    return ['valgrind', '-q', '--tool=callgrind',
            f'--callgrind-out-file={place.directory}/run/callgrind.out']


@contextlib.contextmanager
def counted(place, contender, upstream, **options):
    with contender.running(place, upstream, one_process=True, wrapper=callgrind(place), **options) as tree:
        yield Counted(tree.pid, contender.run)


def per_request(place, contender, upstream, short=SHORT, long=LONG, vhosts=0, **details):
    """(instructions of one request, callgrind's file of the long run)"""
    with counted(place, contender, upstream, vhosts=vhosts) as counter:
        players = Players(place, contender, **details)

        def count(requests):
            result = players.play('-n', requests)
            if result['errors']:
                raise RuntimeError(f'{contender.name}: {result}')
            return counter.dump()

        count(short)  # warms up
        fewer, _ = count(short)
        more, file = count(long)
        return (more - fewer) / (long - short), pathlib.Path(file)


def profile(file, lines=60):
    """callgrind_annotate's table by function: what each costs by itself, then with what it calls."""
    tables = []
    for title, option in ('exclusive', '--inclusive=no'), ('inclusive', '--inclusive=yes'):
        text = subprocess.run(['callgrind_annotate', '--auto=no', '--threshold=100', option, str(file)],
                              check=True, text=True, stdout=subprocess.PIPE).stdout
        rows = [line for line in text.splitlines() if re.match(r'^ *[\d,]+ \(', line)]
        tables.append(f'--- {title}, {LONG} requests\n' + '\n'.join(rows[:lines]))
    return '\n\n'.join(tables) + '\n'
