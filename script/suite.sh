#!/bin/sh
# The server tests (Apache::Test), for make check and script/test. From the environment:
#   APXS, HTTPD   httpd's programs             SI_MODULE  the built mod_session_initializer.so
#   SI_BUILD      where the tests may write    SI_MPM     event (default), worker or prefork
#   SI_TESTS      those alone (t/claiming.t ...)
# Exit status 77 says that they could not run here.
set -eu

skip() { echo "skipped: $*" >&2; exit 77; }

[ -n "${HTTPD:-}" ] || skip "no httpd program, only its headers"
[ "$(id -u)" -ne 0 ] || skip "Apache::Test does not run as root; script/test changes the user"
perl -MApache::Test -e 1 2>/dev/null || skip "no Apache::Test (Debian: libapache2-mod-perl2)"

SI_MPM=${SI_MPM:-event}
export APXS HTTPD SI_MODULE SI_BUILD SI_MPM
top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$SI_BUILD"
cd "$SI_BUILD"
# shellcheck disable=SC2086 # a list of words
exec perl "$top/t/TEST" -verbose ${SI_TESTS:-} "$@"
