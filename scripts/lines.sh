#!/usr/bin/env bash
# Lines of source and of tests and benchmarks a room, from the files that git tracks.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files 'src/*.cc' 'src/*.h' 'tests/*.py' 'tests/*.mjs' 'tests/*.cc' 'tests/*.h' 'web/*.mjs' 'web/src/*' 'scripts/*' | while read -r file; do
  case $file in
    src/*/*/*) room=${file#src/}; room=${room%/*} ;;
    src/*/*) room=${file#src/}; room=${room%%/*} ;;
    *) room=${file%%/*} ;;
  esac
  case $file in
    tests/* | *_test.* | *test_support* | *test_data* | *_bench.*) kind=tests ;;
    *) kind=source ;;
  esac
  printf '%s %s %s\n' "$room" "$kind" "$(wc -l < "$file")"
done | awk '
  { lines[$1, $2] += $3; if (!($1 in seen)) { seen[$1] = 1; order[++n] = $1 }; total[$2] += $3 }
  END {
    printf "%-16s %8s %8s\n", "room", "source", "tests"
    for (i = 1; i <= n; ++i) printf "%-16s %8d %8d\n", order[i], lines[order[i], "source"], lines[order[i], "tests"]
    printf "%-16s %8d %8d\n", "all", total["source"], total["tests"]
  }'
