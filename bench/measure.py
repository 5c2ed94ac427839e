"""What bench/run runs, once all is installed and built: the parts of the benchmark, each a section of one table."""

import argparse
import json
import os
import statistics
import time

import instructions
import servers
from players import HEADERS, Players
from servers import POSTS, REDIRECTS

BY_NAME = {contender.name: contender for contender in REDIRECTS + POSTS}
ALIAS, REDIRECT = BY_NAME['mod_alias'], BY_NAME['module redirect']
PROXY, MODULE, MODULE_TLS = (BY_NAME[name] for name in ('mod_proxy_http', 'module POST http', 'module POST https'))


def section(title, *columns):
    print(f'\n{title}\n{"":20}' + ''.join(f'{column:>13}' for column in columns), flush=True)


def row(name, *cells):
    texts = [cell if isinstance(cell, str) else f'{cell:,.0f}' for cell in cells]
    print(f'{name:20}' + ''.join(f'{text:>13}' for text in texts), flush=True)


def ratio(value, floor):
    return f'{value / floor:.2f}' if floor else '-'


def goal(text, is_met):
    print(f'    {"met" if is_met else "MISSED":6}  {text}', flush=True)


def measure_instructions(place, upstream, options):
    found = {}
    with upstream.running():
        for headers in HEADERS:
            section(f'Instructions per request, user space (callgrind), headers: {headers}',
                    'instructions', 'ratio')
            for group in REDIRECTS, POSTS:
                for contender in group:
                    found[contender, headers] = count_instructions(place.with_headers(headers), contender, upstream)
                    row(contender.name, found[contender, headers],
                        ratio(found[contender, headers], found[group[0], headers]))
            goal('redirect at most 0.85 of mod_alias', found[REDIRECT, headers] <= 0.85 * found[ALIAS, headers])
            goal('POST over http at most 120,000', found[MODULE, headers] <= 120_000)
            goal('POST over https at most 140,000', found[MODULE_TLS, headers] <= 140_000)
    print(f'    by function: {place.directory}/*.profile')


def count_instructions(place, contender, upstream):
    count, file = instructions.per_request(place, contender, upstream)
    slug = contender.name.replace(' ', '-').replace(':', '')
    (place.directory / f'{slug}-{place.headers}.profile').write_text(instructions.profile(file))
    return count


def round_of(place, contender, upstream, seconds, clients):
    """One contender's turn: the players' report, with the server's CPU time per request in microseconds."""
    with contender.running(place, upstream) as tree:
        players = Players(place, contender)
        players.play('-c', clients, '-t', 0.5)  # warms up
        upstream_before = upstream.counts()
        before = tree.cpu_seconds()
        result = players.play('-c', clients, '-t', seconds)
        result['cpu_us'] = (tree.cpu_seconds() - before) / max(result['requests'], 1) * 1e6
        after = upstream.counts()
        result |= {name: after[name] - upstream_before[name] for name in after}
        result['pss_mb'], result['threads'] = tree.pss_mb(), tree.threads()
        return result


def total(results, name):
    return sum(result[name] for result in results)


def middle(results, name):
    return statistics.median(result[name] for result in results)


def middle_ratio(results, floor, name):
    """A ratio is always that of two contenders in the same round; the median of all is told."""
    return statistics.median(mine[name] / theirs[name] for mine, theirs in zip(results, floor))


def in_turn(contenders, rounds, turn):
    """Contenders take turns within a round, so that what the machine does meanwhile is alike for all."""
    results = {contender: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            results[contender].append(turn(contender))
    return results


def measure_cpu(place, upstream, options):
    section(f'Fast upstream, 16 clients, {options.rounds} rounds of {options.seconds} s each, medians',
            'CPU us/req', 'CPU ratio', 'requests/s', 'p50 ms', 'p99 ms', 'errors', 'PSS MB', 'threads',
            'new conn.')
    with upstream.running():
        found = in_turn(REDIRECTS + POSTS, options.rounds,
                        lambda contender: round_of(place, contender, upstream, options.seconds, 16))
    for group in REDIRECTS, POSTS:
        for contender in group:
            results = found[contender]
            row(contender.name, f'{middle(results, "cpu_us"):.1f}',
                f'{middle_ratio(results, found[group[0]], "cpu_us"):.2f}', middle(results, 'good_rate'),
                f'{middle(results, "p50_ms"):.2f}', f'{middle(results, "p99_ms"):.2f}', total(results, 'errors'),
                middle(results, 'pss_mb'), middle(results, 'threads'), total(results, 'connections'))
    handshakes, posts = (total(found[MODULE_TLS], name) for name in ('handshakes', 'requests'))
    kept = 1 - handshakes / max(posts, 1)
    print(f'    https: {posts:,} POSTs once warm, {handshakes} handshakes, {100 * kept:.3f} % on a kept connection')
    goal('POST over http at most 0.90 of mod_proxy_http in CPU',
         middle_ratio(found[MODULE], found[PROXY], 'cpu_us') <= 0.90)
    goal('at least 99.9 % of POSTs over https on a kept connection', kept >= 0.999)


def slow_turn(place, contender, upstream, clients, seconds):
    """A burst, as at kick-off: all come at once. What is measured begins two seconds later."""
    with contender.running(place, upstream, mpm='MPM_LIVE') as tree:
        players = Players(place, contender)
        load = players.start('-c', clients, '-w', 2, '-t', seconds)
        time.sleep(2)
        before, watched = tree.cpu_seconds(), seconds * 0.7
        time.sleep(watched)
        cpu_seconds, pss, threads = tree.cpu_seconds() - before, tree.pss_mb(), tree.threads()
        result = players.finish(load)
        return result | {'pss_mb': pss, 'threads': threads,
                         'cpu_us': cpu_seconds / max(result['rate'] * watched, 1) * 1e6}


def measure_slow(place, upstream, options):
    section(f'Upstream that answers after 200 ms, {options.rounds} rounds of {options.seconds} s each, once all have '
            'come, medians', 'clients', 'ceiling', 'requests/s', 'ratio', 'p50 ms', 'p99 ms', 'errors', 'PSS MB',
            'threads', 'CPU us/req')
    with upstream.running(delay_ms=200):
        for clients in options.clients:
            measure_waiting(place, upstream, options, clients)
    measure_overload(place, upstream, options)


def measure_waiting(place, upstream, options, clients):
    found = in_turn(POSTS, options.rounds,
                    lambda contender: slow_turn(place, contender, upstream, clients, options.seconds))
    for contender, results in found.items():
        row(contender.name, clients, clients * 5, middle(results, 'good_rate'),
            f'{middle_ratio(results, found[PROXY], "good_rate"):.2f}', middle(results, 'p50_ms'),
            middle(results, 'p99_ms'), total(results, 'errors'), middle(results, 'pss_mb'),
            middle(results, 'threads'), middle(results, 'cpu_us'))
    if clients == 1000:
        goal('1000 clients: at least 90 % of 5,000/s', middle(found[MODULE], 'good_rate') >= 4500)
    if clients == 3000:
        goal('3000 clients: at least 2.0 x mod_proxy_http',
             middle_ratio(found[MODULE], found[PROXY], 'good_rate') >= 2.0)
        goal('3000 clients: no error', total(found[MODULE], 'errors') == 0)
        goal('3000 clients: PSS at most 300 MB', middle(found[MODULE], 'pss_mb') <= 300)


def measure_overload(place, upstream, options):
    """Debian's own MPM settings, far more POSTs than they can hold, and the redirects meanwhile."""
    section('Debian\'s MPM settings, 400 clients POST to a 200 ms upstream, redirects meanwhile', 'requests/s',
            'p50 ms', 'p99 ms', '200', '302', '503', 'errors')
    with upstream.running(delay_ms=200), MODULE.running(place, upstream):
        posts = Players(place, MODULE)
        redirects = Players(place, MODULE, method='GET')
        watched = ['-c', 4, '-g', 5, '-t', options.seconds]
        redirects.play(*watched)
        idle = redirects.play(*watched)
        load = posts.start('-c', 400, '-w', 2, '-t', options.seconds + 1, '-r', 503)
        time.sleep(2)
        loaded = redirects.play(*watched)
        full = posts.finish(load)
    for name, result in ('redirects, idle', idle), ('redirects, loaded', loaded), ('POSTs', full):
        statuses = result['statuses']
        row(name, result['rate'], f'{result["p50_ms"]:.2f}', f'{result["p99_ms"]:.2f}', statuses.get('200', 0),
            statuses.get('302', 0), statuses.get('503', 0), result['errors'])
    goal('redirects\' p99 under full POST load at most 3 x idle', loaded['p99_ms'] <= 3 * idle['p99_ms'])
    goal('POSTs get 200 or 503, nothing else', full['errors'] == 0)


def measure_growth(place, upstream, options):
    with upstream.running():
        section('Body size, instructions per POST', 'instructions', 'per byte')
        smallest = None
        for length, long in (200, 600), (4096, 600), (65536, 300), (1_048_000, 60):
            count, _ = instructions.per_request(place, MODULE, upstream, long // 3, long, body_length=length)
            smallest = smallest or (count, length)
            row(f'{length:,} bytes', count, f'{(count - smallest[0]) / max(length - smallest[1], 1):.1f}')

        # mod_alias beside it: that httpd itself looks through the names is not the module's doing.
        section('Virtual hosts, instructions per request', 'mod_alias', 'redirect', 'POST')
        for vhosts in 1, 10, 100:
            cells = [instructions.per_request(place, contender, upstream, vhosts=vhosts,
                                              host=f'v{vhosts - 1}.example.com')[0]
                     for contender in (ALIAS, REDIRECT, MODULE)]
            row(f'{vhosts}, the last one', *cells)

        measure_stream_ids(place, upstream)

        section('After that many requests, one child process', 'RSS MB', 'descriptors', 'threads', 'errors')
        for contender in MODULE, MODULE_TLS, REDIRECT:
            measure_rest(place, upstream, contender)


def measure_stream_ids(place, upstream):
    section('Stream ids, instructions per request', 'redirect', 'POST')
    ids = [f'group-{n}' for n in range(25)]
    schedules = place.directory / 'schedules.json'
    schedules.write_text(json.dumps({'Items': [schedule_of(stream_id) for stream_id in ids]}))
    cells = {}
    for title, directive in (('25 names', ''), ('  with schedules', f'StreamIdSchedule {schedules}'),
                             ('  with a key', 'StreamIdKey "%{HTTP:User-Agent}"')):
        vhost = f'StreamIds {" ".join(ids)}\n{directive}'
        cells[title] = [instructions.per_request(place, servers.Contender(title, 'MODULE', status, vhost=vhost),
                                                 upstream)[0] for status in (302, 200)]
        row(title, *cells[title])
    names, known, _ = cells.values()
    goal('schedules cost at most 2 % more', all(k <= 1.02 * n for n, k in zip(names, known)))


def schedule_of(stream_id):
    """Its window is open, and the break is to come."""
    now = int(time.time())
    return {'PlaybackConfigurationName': 'prefetch', 'StreamId': stream_id,
            'Retrieval': {'StartTime': now, 'EndTime': now + 3600},
            'Consumption': {'StartTime': now + 3600, 'EndTime': now + 3660}}


def measure_rest(place, upstream, contender):
    with contender.running(place, upstream, one_process=True) as tree:
        players = Players(place, contender)
        print(contender.name)
        sent, seen = 0, {}
        for upto in 1_000, 10_000, 50_000, 100_000:
            errors = players.play('-c', 16, '-n', upto - sent)['errors']
            sent = upto
            time.sleep(1)  # until the players' connections are closed
            seen[upto] = tree.rss_mb(), tree.descriptors()
            row(f'  {upto:,}', f'{seen[upto][0]:.1f}', seen[upto][1], tree.threads(), errors)
    goal(f'{contender.name}: flat from 10,000 on',
         seen[100_000][0] <= seen[10_000][0] + 1 and seen[100_000][1] <= seen[10_000][1])


PARTS = {'instructions': measure_instructions, 'cpu': measure_cpu, 'slow': measure_slow, 'growth': measure_growth}


def main():
    parser = argparse.ArgumentParser(prog='bench/run', description=__doc__)
    parser.add_argument('parts', nargs='*', metavar='PART', help=', '.join(PARTS) + '; all if none is named')
    parser.add_argument('--rounds', type=int, default=3, help='of the cpu and slow parts (3)')
    parser.add_argument('--seconds', type=float, default=4, help='of each timed turn (4)')
    parser.add_argument('--clients', type=lambda text: [int(n) for n in text.split(',')],
                        default=[50, 200, 1000, 3000], help='of the slow part (50,200,1000,3000)')
    parser.add_argument('--debian', action='store_true',
                        help='httpd with all the modules of Debian\'s default, and with its access log')
    parser.add_argument('--headers', choices=HEADERS, default='app',
                        help='what the players of the other parts send (app)')
    for name in 'directory', 'httpd', 'modules', 'module', 'nginx':
        parser.add_argument('--' + name, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f'no part is called {", ".join(unknown)}')
    place = servers.Place(options.directory, options.httpd, options.modules, options.module, options.nginx,
                          options.headers, ['BENCH_DEBIAN'] if options.debian else [])
    upstream = servers.Upstream(place)
    print(f'{os.cpu_count()} processors: server on {servers.SERVER_CPU}, players and upstream on {servers.LOAD_CPU}; '
          f'load average {os.getloadavg()[0]:.1f} at the start')
    for name in options.parts or PARTS:
        PARTS[name](place, upstream, options)
        print(f'    load average {os.getloadavg()[0]:.1f} after the part')


if __name__ == '__main__':
    main()
