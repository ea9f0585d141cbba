#!/usr/bin/env bash
# Runs the Python and the JavaScript example of README.md as they stand there, against a server on the README's ports.
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD work=$(mktemp -d) passed=0 failed=0
dotnet build src/Retention.Server -v q >/dev/null || { echo "0 passed, 1 failed"; exit 1; }
cd "$work" && ln -s "$root/protos" protos
"$root"/src/Retention.Server/bin/Debug/net10.0/retention serve --data data >ready 2>log &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 300); do grep -q ^ready ready && break; sleep 0.1; done
grep -q ^ready ready || { tail log; echo "0 passed, 1 failed"; exit 1; }

block() { awk -v tag="\`\`\`$1" '$0 == tag { on = 1; next } /^```$/ { on = 0 } on' "$root/README.md"; }
check() { # name command: must print its points
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
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
