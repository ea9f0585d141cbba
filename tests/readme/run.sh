#!/usr/bin/env bash
# Runs the examples of README.md as they stand there, against a server on the README's ports: Python, JavaScript, and the
# onboarding of two brands by curl and by gRPC.
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD work=$(mktemp -d) passed=0 failed=0
dotnet build src/Retention.Server -v q >/dev/null || { echo "0 passed, 1 failed"; exit 1; }
cd "$work" && ln -s "$root/protos" protos
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$work"' EXIT
start() { # a server on an empty directory
    rm -f ready
    "$root"/src/Retention.Server/bin/Debug/net10.0/retention serve --data data >ready 2>log &
    server=$!
    for _ in $(seq 300); do grep -q ^ready ready && return; sleep 0.1; done
    tail log; echo "0 passed, 1 failed"; return 1
}

start || exit 1

block() { awk -v tag="\`\`\`$1" '$0 == tag { on = 1; next } /^```$/ { on = 0 } on' "$root/README.md"; }
check() { # name command: must print its points first
    if out=$("${@:2}" 2>&1) && grep -qE '^points: [0-9]' <<<"$out"; then
        passed=$((passed + 1)); echo "ok $1: $(head -n 1 <<<"$out")"
    else
        failed=$((failed + 1)); echo "FAILED $1: $out"
    fi
}

mkdir gen && protoc -I protos --python_out gen protos/retention/v1/*.proto
block python >example.py
block javascript >example.cjs
check python /usr/bin/python3 example.py
check javascript env NODE_PATH="$root/tests/interop/js/node_modules" node example.cjs

onboard() { # sees the last answers: the shoe shop is owed 250 minor units, and so says the month's statement
    { echo 'set -e'; echo "$1"; block "sh onboarding"; } >onboarding.sh
    bash onboarding.sh >onboarding.out || { cat onboarding.out; return 1; }
    tail -n 2 onboarding.out | grep -cE '"minorUnits": ?"250"' | grep -qx 2 || { cat onboarding.out; return 1; }
    echo "points: 0, cleared: $(grep -oE '"statementHash": ?"[0-9a-f]*"' onboarding.out)"
}

block "python onboarding" >call.py
check onboarding-curl onboard "$(grep '^call() ' "$root/README.md")"
kill "$server"; wait "$server" 2>/dev/null; rm -rf data
start || exit 1
check onboarding-grpc onboard 'call() { /usr/bin/python3 call.py "$@"; }'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
