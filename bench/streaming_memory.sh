#!/usr/bin/env bash
# Does scoring stream? Simulates a small and a ten times larger Parquet file, fits a logistic bundle on a part of the bank, scores both
# files and prints the peak resident memory of each and their ratio, which should be near 1.
#   bench/streaming_memory.sh [BUILD] [SMALL_ROWS] [LARGE_ROWS] [FOLDER]        default: build/release 5000000 50000000, a temporary folder
# Files that are already in FOLDER (small/ and large/) are taken as they are; a folder of our own is removed at the end.
set -euo pipefail
build=${1:-build/release} small=${2:-5000000} large=${3:-50000000} folder=${4:-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
obligor=$build/obligor
simulate() {
  [ -e "$folder/$1/applications.parquet" ] || "$obligor" data simulate --rows "$2" --seed 1 --format parquet --tables applications --to "$folder/$1" --quiet > /dev/null
}
simulate train 20000
simulate small "$small"
simulate large "$large"
[ -e "$folder/logistic.obligor" ] || "$obligor" compare "$folder/train/applications.parquet" --target default_12m --positive 1 --id loan_id \
  --ignore decision_date,statement --models logistic --no-search --cv 3 --run-folder "$folder/run" --save "$folder/logistic.obligor" --quiet > /dev/null
# The highest resident memory of a finished child, in kB, and its seconds.
measure() {
  python3 - "$@" <<'PY'
import resource, subprocess, sys, time
start = time.time()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, f"{time.time() - start:.1f}")
PY
}
score() { measure "$obligor" score "$folder/logistic.obligor" "$folder/$1/applications.parquet" --out "$folder/scores.csv" --quiet; rm -f "$folder/scores.csv"; }
read -r small_kb small_s <<< "$(score small)"
read -r large_kb large_s <<< "$(score large)"
awk -v sr="$small" -v sk="$small_kb" -v ss="$small_s" -v lr="$large" -v lk="$large_kb" -v ls="$large_s" 'BEGIN {
  printf "%12s %14s %10s %14s\n", "rows", "peak memory MB", "seconds", "rows a second"
  printf "%12d %14.1f %10.1f %14.0f\n", sr, sk / 1024, ss, sr / ss
  printf "%12d %14.1f %10.1f %14.0f\n", lr, lk / 1024, ls, lr / ls
  printf "peak memory of the large file / of the small one: %.3f\n", lk / sk }'
