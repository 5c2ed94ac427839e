# X-Forwarded-For: the client that mod_remoteip has found, and it alone; else what came in and the peer.
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

done_testing;
