#!/usr/bin/env bash
# The fault and abuse matrix with the figures of a long run: 40 to 60 minutes on two cores of its own. Rows may be
# named: tests/soak.sh D1 N3
# Each row is a process of its own and its lines are kept in SOAK_LOG (default artifacts/soak.log): run again, the rows
# that passed are not repeated. To begin anew, remove the file. RETENTION_FAULTS names a build to run instead of this one.
set -uo pipefail
cd "$(dirname "$0")/.."
log=${SOAK_LOG:-artifacts/soak.log}
faults=${RETENTION_FAULTS:-}
if [ -z "$faults" ]; then
    dotnet build tests/Retention.Faults -c Release -v q || exit 1
    faults=tests/Retention.Faults/bin/Release/net10.0/Retention.Faults
fi

mkdir -p "$(dirname "$log")" && touch "$log" || exit 1
rows=("$@")
[ ${#rows[@]} -gt 0 ] || mapfile -t rows < <("$faults" rows)
number=0
for row in "${rows[@]}"; do
    number=$((number + 1))
    grep -q "^== $row passed" "$log" && continue
    [ -t 2 ] && printf '\r%s of %s rows, %s min, now %s   ' "$number" "${#rows[@]}" "$((SECONDS / 60))" "$row" >&2
    if "$faults" soak "$row" >"$log.row" 2>&1; then verdict=passed; else verdict=failed; fi

    # What an earlier attempt at the row said does not stand beside this one.
    sed -i "/^== $row begins/,/^== $row failed/d" "$log"
    { echo "== $row begins"; grep -v 'passed, ' "$log.row"; echo "== $row $verdict"; } >>"$log"
done
rm -f "$log.row"
[ -t 2 ] && echo >&2
cat "$log"
failed=$(grep -c '^== .* failed$' "$log")
echo "$(grep -c '^== .* passed$' "$log") passed, $failed failed"
[ "$failed" -eq 0 ]
