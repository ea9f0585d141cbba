#!/usr/bin/env bash
# A client that is not ours recomputes both brands' statements from their feeds. Needs python3-grpcio and protoc.
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

mkdir "$out/gen"
protoc -I protos --python_out "$out/gen" protos/retention/v1/*.proto
grpc=$(sed -n 's/^ready grpc=\([^ ]*\) .*/\1/p' "$out/ready")
PYTHONPATH=$out/gen timeout 120 /usr/bin/python3 tests/interop/statement.py "$grpc" "$(cat "$out/data/bootstrap.key")" | tee "$out/result" || true

# Three months, seen by two brands, in one currency and in two; and what was exchanged, by each brand.
passed=$(grep -c '^ok ' "$out/result" || true)
failed=$(grep -c '^FAILED ' "$out/result" || true)
[ $((passed + failed)) -eq 14 ] || failed=$((14 - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
