#!/usr/bin/env bash
# run_one.sh TARGET ROOT: one fuzz target for NATTEVAGT_FUZZ_SECONDS (30). A finding is written beside what it has
# learned, in ROOT/build/fuzz-corpus, and fails. The seed comes from the commit: each commit looks elsewhere, and a
# second run of the same one looks in the same place.
set -euo pipefail
target=$1 root=$2
name=$(basename "$target")
learned=$root/build/fuzz-corpus
seed=$((16#$(git -C "$root" rev-parse --short=7 HEAD 2>/dev/null || echo 1)))
mkdir -p "$learned/$name"
seeds=()
[[ -d $root/tests/fuzz/corpus/$name ]] && seeds=("$root/tests/fuzz/corpus/$name")
if "$target" -seed="$seed" -max_total_time="${NATTEVAGT_FUZZ_SECONDS:-30}" -rss_limit_mb=3000 -timeout=20 \
  -print_final_stats=1 -artifact_prefix="$learned/$name-finding-" "$learned/$name" "${seeds[@]}" \
  >"$learned/$name.log" 2>&1; then
  exit 0
fi
echo "$name: FINDING, see $learned/$name.log; its end:"
grep -v '^#[0-9]' "$learned/$name.log" | tail -n 40
exit 1
