# LoadModule lines for httpd's modules and for this one.
package SessionInitializer::Modules;
use strict;
use warnings;

# Enough for a server that has only this module.
my @BASIC = qw(authz_core authz_host log_config unixd);

my @ALL = (@BASIC, qw(
    alias authn_core authn_file auth_basic authz_user autoindex cgi deflate dir env expires headers include log_debug
    mime proxy
    proxy_http remoteip reqtimeout rewrite setenvif socache_shmcb ssl status version
));

sub load_basic { return load($_[0], @BASIC, @_[1 .. $#_]) }

# mod_http2 refuses to work under prefork.
sub load_all {
    my ($vars, @more) = @_;
    return load($vars, @ALL, @more, $vars->{si_mpm} eq 'prefork' ? () : 'http2');
}

# This module is left out if the variables do not name it. Modules that are built into this httpd have no file.
sub load {
    my ($vars, @names) = @_;
    my @files = grep { -e $_->[1] }
        map { ["${_}_module", "$vars->{modules_dir}/mod_$_.so"] } "mpm_$vars->{si_mpm}", @names;
    push @files, ['session_initializer_module', $vars->{si_module}] if $vars->{si_module};
    return map { qq(LoadModule $_->[0] "$_->[1]"\n) } @files;
}

1;
