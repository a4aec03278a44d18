#!/usr/bin/env bash
# clang-format over every C++ file of ours, clang-tidy over every compiled source (only those changed since the last green run).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
git ls-files 'src/*.cc' 'src/*.h' 'tests/*.cc' 'tests/*.h' | xargs clang-format --dry-run --Werror
python3 scripts/check_layers.py
# The headers that a source reads are part of what was checked, so the stamp is of all of them and the configuration.
stamps=$build/lint
mkdir -p "$stamps"
# clang does not know GCC's flag, and says so as an error.
sed 's/ -Wno-restrict//' "$build/compile_commands.json" > "$stamps/compile_commands.json"
# clang-tidy passes everything when it cannot read its configuration, so that is looked at first.
if problem=$(clang-tidy --dump-config 2>&1 > /dev/null) && [ -n "$problem" ]; then
  printf '%s\n' "$problem" >&2
  exit 1
fi
config=$(cat .clang-tidy $(git ls-files 'src/*.h') | sha256sum | cut -c1-16)
pending=()
while read -r source; do
  grep -q "\"file\": \".*/$source\"" "$build/compile_commands.json" || continue
  stamp=$stamps/$(printf '%s' "$source" | tr / _)-$config-$(sha256sum < "$source" | cut -c1-16)
  [ -e "$stamp" ] || pending+=("$source")
done < <(git ls-files 'src/*.cc' | grep -v '_test\.cc$' | grep -v '_bench\.cc$')
echo "clang-tidy: ${#pending[@]} sources to check" >&2
failed=0
check() {
  local source=$1 out
  if out=$(clang-tidy --quiet -p "$2" "$source" 2> /dev/null); then
    : > "$3/$(printf '%s' "$source" | tr / _)-$4-$(sha256sum < "$source" | cut -c1-16)"
  else
    printf '%s\n' "$out"
    return 1
  fi
}
export -f check
if [ ${#pending[@]} -gt 0 ]; then
  printf '%s\0' "${pending[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'check "$@"' _ {} "$stamps" "$stamps" "$config" || failed=1
fi
exit $failed
