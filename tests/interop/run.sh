#!/usr/bin/env bash
# Builds and starts the interop server on free ports, plays the official gRPC cases with two foreign clients, stops it.
# Needs: apt-get install -y python3-grpcio, node and npm. Prints "N passed, N failed"; exit code 0 only if none failed.
set -euo pipefail
cd "$(dirname "$0")/../.."

dotnet build tests/Retention.Interop -c Release -v quiet --nologo >&2
[ -d tests/interop/js/node_modules ] || npm ci --prefix tests/interop/js --no-audit --no-fund >&2

out=$(mktemp -d)
dotnet tests/Retention.Interop/bin/Release/net10.0/Retention.Interop.dll > "$out/server" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$out"' EXIT

# The server prints one line when it serves.
for _ in $(seq 300); do
    grep -q '^ready ' "$out/server" 2>/dev/null && break
    kill -0 $server || { echo "the server did not start" >&2; exit 1; }
    sleep 0.1
done
grpc=$(sed -n 's/^ready grpc=\([^ ]*\) .*/\1/p' "$out/server")

timeout 300 /usr/bin/python3 tests/interop/python_interop.py "$grpc" | tee "$out/python" || true
timeout 300 node tests/interop/js/interop.mjs "$grpc" | tee "$out/js" || true

passed=$(cat "$out/python" "$out/js" | grep -c '^ok ' || true)
failed=$(cat "$out/python" "$out/js" | grep -c '^FAILED ' || true)
expected=36
[ $((passed + failed)) -eq $expected ] || failed=$((expected - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
