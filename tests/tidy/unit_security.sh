#!/usr/bin/env bash
# systemd's own exposure score of the broker's unit, offline: 2.5 or better (0 is best).
set -euo pipefail
unit=$1
command -v systemd-analyze >/dev/null || { echo "no systemd-analyze here"; exit 77; }
report=$(systemd-analyze security --offline=true --no-pager "$unit") || { echo "$report"; exit 1; }
score=$(sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p' <<<"$report")
echo "exposure of $(basename "$unit"): $score"
awk -v score="$score" 'BEGIN { exit !(score != "" && score <= 2.5) }'
