# For the scripts that test in TAP: check says whether a command succeeds, tap_ends tells how many there were.
# shellcheck shell=bash
count=0
failed=0

check() { # NAME COMMAND...
    local name=$1
    shift
    count=$((count + 1))
    if "$@"; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        failed=1
    fi
}
tap_ends() { # with the status for the script
    echo "1..$count"
    return $failed
}
