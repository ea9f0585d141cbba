#!/usr/bin/env bash
# Compares calls of the transport with a bare Kestrel endpoint of the same server, which reads the body and answers
# five bytes and trailers. Rounds alternate, because the machine is never quiet; the medians and their ratio count.
# Needs: apt-get install -y nghttp2-client, and a Release build of tests/Retention.Interop.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${ROUNDS:-7}
requests=${REQUESTS:-150000}
out=$(mktemp -d)
dotnet tests/Retention.Interop/bin/Release/net10.0/Retention.Interop.dll > "$out/server" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$out"' EXIT
for _ in $(seq 300); do
    grep -q '^ready ' "$out/server" 2>/dev/null && break
    sleep 0.1
done
grpc=$(sed -n 's/^ready grpc=\([^ ]*\) .*/\1/p' "$out/server")

# An empty message, and a SimpleRequest that carries 64 bytes and asks for 64.
printf '\0\0\0\0\0' > "$out/empty"
{ printf '\0\0\0\0\x46\x10\x40\x1a\x42\x12\x40'; head -c 64 /dev/zero; } > "$out/unary"

measure() { # name path body
    h2load -c 8 -m 32 -t 1 -n "$requests" -H content-type:application/grpc -H te:trailers -d "$out/$3" \
        "http://$grpc$2" > "$out/h2load"
    grep -q "$requests succeeded" "$out/h2load" || { cat "$out/h2load" >&2; exit 1; }
    sed -n 's/^finished in [^,]*, \([0-9]*\).*/\1/p' "$out/h2load" >> "$out/$1.rates"
}
median() { sort -n "$out/$1.rates" | sed -n "$(((rounds + 1) / 2))p"; }

# The first round compiles the server's hot code and is not counted.
for round in $(seq 0 "$rounds"); do
    [ "$round" -ne 1 ] || rm -f "$out"/*.rates
    measure bare /bare empty
    measure empty_call /grpc.testing.TestService/EmptyCall empty
    measure unary_call /grpc.testing.TestService/UnaryCall unary
done
bare=$(median bare)
for name in empty_call unary_call; do
    rate=$(median $name)
    echo "$name $rate/s, bare $bare/s, ratio $(awk "BEGIN { printf \"%.2f\", $rate / $bare }")"
done
