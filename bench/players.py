"""What the players send: requests with a browser's headers, and the load program that sends them."""

import json
import subprocess

from servers import LOAD_CPU

ASSET = ('94063eadf7d8c56e9e2edd84fdf897826a70d0df/prefetch/out/v1/'
         '4d6b21805fb24291abf3534adfea8966/index.m3u8')

# What a television's or phone's app sends (Android's Media3), and what a browser does.
APP = '''\
Host: {host}
Connection: Keep-Alive
User-Agent: Player/3.1 (Linux;Android 13) AndroidXMedia3/1.4.1
Accept-Encoding: gzip
'''
BROWSER = '''\
Host: {host}
Connection: keep-alive
User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36
Accept: */*
Origin: https://player.example.com
Referer: https://player.example.com/
Accept-Encoding: gzip, deflate, br
Accept-Language: en-US,en;q=0.9
'''
HEADERS = {'app': APP, 'browser': BROWSER}

SESSION = ('{"reportingMode":"client","adsParams":{"device":"smartphone","subscription":"tier2",'
           '"gdpr":"1","us_privacy":"1YNN","ifa":"6D92078A-8246-4BA4-AE5B-76104861E7DC"%s},'
           '"playerParams":{"origin_domain":"abc"}}')
MEMBER = ',"custom%05d":"' + 'v' * 36 + '"'


def session_body(length=215):
    """A session's JSON of exactly that many bytes: a large one has many members, as real ones have."""
    missing = length - len(SESSION % '')
    members = [MEMBER % n for n in range(missing // 64)]
    if missing:
        last = ',"last":"%s"'
        members.append(last % ('v' * (missing - len(''.join(members)) - len(last % ''))))
    return SESSION % ''.join(members)


def request(method, headers, host='cdn.example.com', body_length=215):
    headers = headers.format(host=host)
    if method == 'GET':
        head = f'GET /session-initializer/v1/master/{ASSET} HTTP/1.1\n{headers}\n'
        return head.replace('\n', '\r\n').encode()
    body = session_body(body_length)
    head = (f'POST /session-initializer/v1/session/{ASSET} HTTP/1.1\n{headers}'
            f'Content-Type: application/json\nContent-Length: {len(body)}\n\n')
    return head.replace('\n', '\r\n').encode() + body.encode()


class Players:
    """Sends one kind of request to a contender."""

    def __init__(self, place, contender, method=None, **details):
        method = method or contender.method
        self.file = contender.run / f'{method}.request'
        self.file.write_bytes(request(method, HEADERS[place.headers], **details))
        self.program = ['taskset', '-c', LOAD_CPU, place.directory / 'load', '-p', contender.port,
                        '-f', self.file, '-e', 302 if method == 'GET' else 200]

    def start(self, *options):
        command = [str(part) for part in (*self.program, *options)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def finish(self, process):
        output, _ = process.communicate(timeout=600)
        if process.returncode != 0:
            raise RuntimeError('load failed')
        return json.loads(output)

    def play(self, *options):
        return self.finish(self.start(*options))
