# X-Forwarded-For is the client that mod_remoteip has found, alone; without mod_remoteip it is the received list and the
# peer.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

# vhost, headers, X-Forwarded-For upstream
for my $case (
    ['plain', [], '127.0.0.1', 'none came'],
    ['plain', ['X-Forwarded-For' => '203.0.113.7'], '203.0.113.7, 127.0.0.1', 'one came'],
    ['plain', ['X-Forwarded-For' => '203.0.113.7, 198.51.100.1'], '203.0.113.7, 198.51.100.1, 127.0.0.1',
        'a list came'],
    ['plain', ['X-Forwarded-For' => '203.0.113.7', 'x-forwarded-for' => '198.51.100.1'],
        '203.0.113.7, 198.51.100.1, 127.0.0.1', 'two came'],
    ['plain', ['X-Forwarded-For' => '2001:db8::7'], '2001:db8::7, 127.0.0.1', 'IPv6 came'],
    ['plain', ['X-Real-IP' => '203.0.113.7', Forwarded => 'for=203.0.113.7'], '127.0.0.1', 'other headers came'],
    ['remoteip', ['X-Forwarded-For' => '203.0.113.7'], '203.0.113.7', 'mod_remoteip: a client'],
    ['remoteip', ['X-Forwarded-For' => '198.51.100.1, 203.0.113.7'], '203.0.113.7',
        'mod_remoteip: what the client claims is not sent on'],
    ['remoteip', ['X-Forwarded-For' => '2001:db8::7'], '2001:db8::7', 'mod_remoteip: IPv6'],
    ['remoteip', [], '127.0.0.1', 'mod_remoteip: no header'],
    ['remoteip-elsewhere', ['X-Forwarded-For' => '203.0.113.7'], '203.0.113.7, 127.0.0.1',
        'mod_remoteip: a peer that is not trusted'],
    ['remoteip-other-header', ['X-Viewer-Address' => '203.0.113.7', 'X-Forwarded-For' => '198.51.100.1'], '203.0.113.7',
        'mod_remoteip: another header'],
    ['remoteip-other-header', ['X-Forwarded-For' => '198.51.100.1'], '198.51.100.1, 127.0.0.1',
        'mod_remoteip: another header, not sent'],
) {
    my ($vhost, $headers, $expected, $name) = @$case;
    stand_in->forget;
    is_answer(post($PATH . $SESSION, '{}', vhost => $vhost, headers => $headers), 200, "$name: accepted");
    is_deeply([received->header('X-Forwarded-For')], [$expected], $name);
}

# A list has no empty element upstream, wherever its commas are.
for my $case ([',,,', '127.0.0.1'], ['', '127.0.0.1'], ['203.0.113.7,', '203.0.113.7, 127.0.0.1'],
    [', 203.0.113.7', '203.0.113.7, 127.0.0.1'],
    ["203.0.113.7 ,, \t,198.51.100.1 ,", '203.0.113.7, 198.51.100.1, 127.0.0.1'],
    ['a b,c', 'a b, c, 127.0.0.1']) {
    my ($value, $expected) = @$case;
    stand_in->forget;
    is_answer(post($PATH . $SESSION, '{}', headers => ['X-Forwarded-For' => $value]), 200, "'$value': accepted");
    is_deeply([received->header('X-Forwarded-For')], [$expected], "'$value': no empty element upstream");
}

# Large values go up whole, as far as httpd accepts them; none ends a header or begins one.
for my $case ([join(', ', map { "10.0.0.$_" } 1 .. 99) . ', 10.0.1.1' x 401, '500 hops'],
    ['x' x 8000, '8,000 bytes'], ['203.0.113.7%0d%0aX-Injected:%20x', 'escaped line ends'],
    ["\x80\xff\t\"<'>", 'odd bytes']) {
    my ($value, $name) = @$case;
    stand_in->forget;
    is_answer(post($PATH . $SESSION, '{}', headers => ['X-Forwarded-For' => $value]), 200, "$name: accepted");
    my $request = received;
    is_deeply([$request->header('X-Forwarded-For')], ["$value, 127.0.0.1"], $name);
    is_deeply([grep { /inject/ } $request->header_names], [], "$name: nothing is injected");
}
for my $case (["X-Forwarded-For: " . 'x' x 8192, 'above 8 KB'], ["X-Forwarded-For: 203.0.113.7\rX-Injected: x", 'a CR'],
    ["X-Forwarded-For: 203.0.113.7\0", 'a NUL'], ["X-Forwarded-For: 203.0.113.7\x0b", 'a control byte']) {
    my ($header, $name) = @$case;
    my $answer = send_raw("POST $PATH$SESSION HTTP/1.1\r\nHost: plain.test\r\n$header\r\nConnection: close\r\n"
        . "Content-Length: 2\r\n\r\n{}");
    is($answer->status, 400, "$name: refused");
    nothing_sent($name);
}
is_answer(send_raw("POST $PATH$SESSION HTTP/1.1\r\nHost: plain.test\r\nX-Forwarded-For: 203.0.113.7,\r\n"
    . " 198.51.100.1\r\nX-Injected: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"), 200, 'folded: accepted');
my $request = received;
is_deeply([$request->header('X-Forwarded-For')], ['203.0.113.7, 198.51.100.1, 127.0.0.1'], 'folded: one line upstream');
is_deeply([$request->header('X-Injected')], [], 'folded: what follows is another header, and not forwarded');

done_testing;
