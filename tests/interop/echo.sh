#!/usr/bin/env bash
# Compares Echo of the whole server (authenticated, with telemetry and every limit) with a bare Kestrel endpoint that
# reads the body and answers five bytes and trailers. Rounds alternate, because the machine is never quiet; the medians
# and their ratio count. Needs: apt-get install -y nghttp2-client, and Release builds of src/Retention.Server and
# tests/Retention.Interop.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${ROUNDS:-7}
requests=${REQUESTS:-150000}
out=$(mktemp -d)
dotnet src/Retention.Server/bin/Release/net10.0/retention.dll serve --data "$out/data" \
    --grpc 127.0.0.1:0 --http 127.0.0.1:0 > "$out/server" &
server=$!
dotnet tests/Retention.Interop/bin/Release/net10.0/Retention.Interop.dll > "$out/bare" &
bare=$!
trap 'kill $server $bare 2>/dev/null || true; wait $server $bare 2>/dev/null || true; rm -rf "$out"' EXIT
for _ in $(seq 600); do
    grep -q '^ready ' "$out/server" 2>/dev/null && grep -q '^ready ' "$out/bare" 2>/dev/null && break
    sleep 0.1
done
address() { sed -n 's#^ready grpc=\(http://\)\{0,1\}\([^ /]*\).*#\2#p' "$out/$1"; }

# An empty message for the bare endpoint; for Echo the ten bytes that "load --operation echo" sends.
printf '\0\0\0\0\0' > "$out/empty"
printf '\0\0\0\0\x0c\x0a\x0a0123456789' > "$out/echo"

measure() { # name url body
    h2load -c 8 -m 32 -t 1 -n "$requests" -H content-type:application/grpc -H te:trailers \
        -H "authorization:Bearer $(cat "$out/data/bootstrap.key")" -d "$out/$3" "$2" > "$out/h2load"
    grep -q "$requests succeeded" "$out/h2load" || { cat "$out/h2load" >&2; exit 1; }
    sed -n 's/^finished in [^,]*, \([0-9]*\).*/\1/p' "$out/h2load" >> "$out/$1.rates"
}
median() { sort -n "$out/$1.rates" | sed -n "$(((rounds + 1) / 2))p"; }

# The first round compiles the servers' hot code and is not counted.
for round in $(seq 0 "$rounds"); do
    [ "$round" -ne 1 ] || rm -f "$out"/*.rates
    measure bare "http://$(address bare)/bare" empty
    measure echo "http://$(address server)/retention.v1.DiagnosticsService/Echo" echo
done
echo "echo $(median echo)/s, bare $(median bare)/s, ratio $(awk "BEGIN { printf \"%.2f\", $(median echo) / $(median bare) }")"
