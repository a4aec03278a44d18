#!/usr/bin/env bash
# Runs each libFuzzer target of tests/fuzz for some seconds: scripts/fuzz.sh BUILD [SECONDS] [TARGET ...]. The corpus grows in
# BUILD/corpus; what breaks a target stays in BUILD/broken, and the script fails.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/fuzz}
seconds=${2:-30}
shift $(($# < 2 ? $# : 2))
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(plan bundle facts trees csv raw arff folds toml lightgbm xgboost scorecard coefficients)
"$build/obligor_fuzz_seeds" "$build/corpus"
mkdir -p "$build/broken"
[ ! -d tests/fuzz/corpus ] || cp -r tests/fuzz/corpus/. "$build/corpus/"
failed=()
for target in "${targets[@]}"; do
  log=$build/$target.log
  if "$build/obligor_fuzz_$target" "$build/corpus/$target" -dict="$build/corpus/$target.dict" -max_total_time="$seconds" -max_len=65536 \
    -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$build/broken/$target-" -print_final_stats=1 > "$log" 2>&1; then
    awk -v name="$target" '/stat::number_of_executed_units/ {runs = $2} /stat::average_exec_per_sec/ {rate = $2}
      / cov: / {for (i = 1; i < NF; ++i) if ($i == "cov:") cov = $(i + 1)} END {printf "%-8s %d runs, %d a second, %d edges\n", name, runs, rate, cov}' "$log"
  else
    echo "$target: broken; see $log and $build/broken"
    failed+=("$target")
  fi
done
[ ${#failed[@]} -eq 0 ]
