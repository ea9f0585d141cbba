#!/usr/bin/env bash
# A till that is not ours checks coupons without the network by openssl, and captures them later. Needs python3 and openssl.
# Prints "N passed, N failed"; exit code 0 only if none failed.
set -euo pipefail
cd "$(dirname "$0")/../.."

dotnet build src/Retention.Server -v quiet --nologo >&2
out=$(mktemp -d)
src/Retention.Server/bin/Debug/net10.0/retention serve --data "$out/data" --grpc 127.0.0.1:0 --http 127.0.0.1:0 >"$out/ready" 2>"$out/log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$out"' EXIT
for _ in $(seq 300); do
    grep -q '^ready ' "$out/ready" && break
    kill -0 $server || { tail "$out/log" >&2; exit 1; }
    sleep 0.1
done

http=$(sed -n 's/^ready .* http=\([^ ]*\).*/\1/p' "$out/ready")
timeout 120 python3 tests/interop/offline.py "$http" "$(cat "$out/data/bootstrap.key")" | tee "$out/result" || true

passed=$(grep -c '^ok ' "$out/result" || true)
failed=$(grep -c '^FAILED ' "$out/result" || true)
[ $((passed + failed)) -eq 7 ] || failed=$((7 - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
