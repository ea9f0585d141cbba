#!/usr/bin/env bash
# Runs the walk of deploy/clearing.md as it stands there and compares what each block prints with the text below it.
# With --write the page takes what was printed. Prints "N passed, N failed". Needs curl and python3.
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD page=$PWD/deploy/clearing.md work=$(mktemp -d)
dotnet build src/Retention.Server -v q >/dev/null || { echo "0 passed, 1 failed"; exit 1; }
cd "$work" && ln -s "$root/deploy" deploy
PATH=$root/src/Retention.Server/bin/Debug/net10.0:$PATH
retention serve --data data --grpc 127.0.0.1:5001 --http 127.0.0.1:5000 >ready 2>log &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 300); do grep -q ^ready ready && break; sleep 0.1; done
grep -q ^ready ready || { tail log; echo "0 passed, 1 failed"; exit 1; }

# The blocks run in one shell; the output of block N goes to out.N, the text below it stands in want.N.
awk '/^```sh walk$/ { n++; print "{"; on = 1; next }
     /^```$/ && on { print "} >out." n; on = 0; next }
     on { print }
     /^```text$/ { want = 1; printf "" >"want." n; next }
     /^```$/ && want { want = 0; next }
     want { print >"want." n }' "$page" >walk.sh
timeout 300 bash walk.sh || { cat log out.*; echo "0 passed, 1 failed"; exit 1; }

if [ "${1:-}" = --write ]; then
    # Recorded once: the hashes on the page are theirs.
    [ -d "$root/deploy/clearing" ] || { mkdir "$root/deploy/clearing"; cp bakery.jsonl shoes.jsonl "$root/deploy/clearing/"; }
    awk '/^```sh walk$/ { n++ }
         /^```text$/ { print; while ((getline line < ("out." n)) > 0) print line; skip = 1; next }
         /^```$/ { skip = 0 }
         !skip { print }' "$page" >page && cp page "$page"
fi

passed=0 failed=0
for want in want.*; do
    if diff "$want" "out.${want#want.}"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED block ${want#want.}"; fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
