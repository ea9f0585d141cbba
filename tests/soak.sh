#!/usr/bin/env bash
# The fault and abuse matrix with the figures of a long run: about an hour. Rows may be named: tests/soak.sh D1 N3
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build tests/Retention.Faults -c Release -v q
exec dotnet run --no-build -c Release --project tests/Retention.Faults -- soak "$@"
