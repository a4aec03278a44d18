#!/usr/bin/env bash
# Runs every room's benchmarks; each prints ratios within its own run.
set -euo pipefail
for program in "${1:-build/release}"/obligor_*_bench; do
  echo "== $(basename "$program")"
  "$program" --benchmark_min_time=0.2
done
