#!/usr/bin/env bash
# Installs what Obligor needs on a Debian 12 machine and nothing else: system packages by apt, Python packages in
# .venv, DuckDB's library in .deps, and the report's front end in web/dist. Each step leaves a stamp named by the
# digest of what it installs, so that a second run does nothing. Run it from the repository root.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\033[1m[setup]\033[0m %s\n' "$*" >&2; }
die() { printf '[setup] error: %s\n' "$*" >&2; exit 1; }

APT_PACKAGES=(build-essential cmake ninja-build ccache pkg-config git ca-certificates zstd
  python3 python3-venv python3-dev nodejs npm
  libeigen3-dev libboost-dev libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev
  libhwy-dev libprotozero-dev libgtest-dev libgmock-dev libbenchmark-dev libicu-dev libzip-dev libzstd-dev zlib1g-dev libcurl4-openssl-dev
  clang-format clang-tidy clang chromium)
TORCH_VERSION=2.13.0
LIGHTGBM_VERSION=4.7.0
ONNXRUNTIME_VERSION=1.32.0
XGBOOST_VERSION=3.2.0
DUCKDB_HEADER=duckdb@1.4.4
DUCKDB_LIBRARY=@duckdb/node-bindings-linux-x64@1.4.4-r.4

deps=.deps
mkdir -p "$deps"
digest() { printf '%s' "$*" | sha256sum | cut -c1-16; }
fresh() { [ -e "$deps/stamp-$1-$2" ]; }
stamp() { rm -f "$deps"/stamp-"$1"-*; : > "$deps/stamp-$1-$2"; }

apt_step() {
  local key; key=$(digest "${APT_PACKAGES[@]}")
  fresh apt "$key" && return
  local missing=() p
  for p in "${APT_PACKAGES[@]}"; do
    # An image that brings its own Node.js (newer, under another package) needs no second one.
    case "$p" in nodejs|npm) command -v "${p/nodejs/node}" > /dev/null && continue ;; esac
    case "$(dpkg-query -W -f='${Status}' "$p" 2> /dev/null)" in "install ok installed") ;; *) missing+=("$p") ;; esac
  done
  if [ ${#missing[@]} -gt 0 ]; then
    local sudo=""
    [ "$(id -u)" -eq 0 ] || { command -v sudo > /dev/null && sudo=sudo || die "these packages are missing and this user cannot install them: ${missing[*]}"; }
    say "installing ${#missing[@]} system packages: ${missing[*]}"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" > "$deps/apt.log" 2>&1 \
      || { tail -n 20 "$deps/apt.log" >&2; die "apt-get failed; the whole log is in $deps/apt.log"; }
  fi
  stamp apt "$key"
}

# An installed torch of 2.4 or later is taken when there is one: a PyPI install on an ordinary machine brings the CUDA
# build, gigabytes of it.
torch_step() {
  local key; key=$(digest "torch $TORCH_VERSION ${Torch_DIR:-}")
  fresh torch "$key" && return
  local dir=""
  if [ -n "${Torch_DIR:-}" ]; then
    dir=$(cd "$Torch_DIR/../../.." && pwd)
  else
    dir=$(python3 - <<'PY' 2> /dev/null || true
import importlib.util, pathlib
spec = importlib.util.find_spec("torch")
if spec and spec.origin:
    root = pathlib.Path(spec.origin).parent
    version = dict(line.split(" = ", 1) for line in (root / "version.py").read_text().splitlines() if line.startswith("__version__"))
    major, minor = (int(x) for x in version["__version__"].strip("'\"").split(".")[:2])
    if (major, minor) >= (2, 4):
        print(root)
PY
)
  fi
  if [ -z "$dir" ]; then
    say "installing torch $TORCH_VERSION into .venv"
    .venv/bin/pip install -q "torch==$TORCH_VERSION"
    dir=$(.venv/bin/python -c 'import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec("torch").origin).parent)')
  else
    say "using the torch already installed at $dir"
  fi
  rm -f "$deps/torch"
  ln -s "$dir" "$deps/torch"
  stamp torch "$key"
}

lightgbm_step() {
  local key; key=$(digest "lightgbm $LIGHTGBM_VERSION")
  fresh lightgbm "$key" && return
  say "installing LightGBM $LIGHTGBM_VERSION"
  .venv/bin/pip install -q "lightgbm==$LIGHTGBM_VERSION"
  rm -rf "$deps/lightgbm" && mkdir -p "$deps/lightgbm/lib" "$deps/lightgbm/sdist"
  .venv/bin/pip download -q --no-deps --no-binary lightgbm -d "$deps/lightgbm/sdist" "lightgbm==$LIGHTGBM_VERSION"
  tar -xzf "$deps/lightgbm/sdist"/lightgbm-*.tar.gz -C "$deps/lightgbm/sdist" --wildcards '*/include/LightGBM/*'
  mv "$deps/lightgbm/sdist"/lightgbm-*/include "$deps/lightgbm/include"
  rm -rf "$deps/lightgbm/sdist"
  cp .venv/lib/python3*/site-packages/lightgbm/lib/lib_lightgbm.so "$deps/lightgbm/lib/"
  stamp lightgbm "$key"
}

# Only proofs and tests run it: another engine on the exported model.
onnxruntime_step() {
  local key; key=$(digest "onnxruntime $ONNXRUNTIME_VERSION")
  fresh onnxruntime "$key" && return
  say "installing ONNX Runtime $ONNXRUNTIME_VERSION"
  .venv/bin/pip install -q "onnxruntime==$ONNXRUNTIME_VERSION"
  rm -rf "$deps/onnxruntime" && mkdir -p "$deps/onnxruntime/lib"
  cp .venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so."$ONNXRUNTIME_VERSION" "$deps/onnxruntime/lib/libonnxruntime.so"
  stamp onnxruntime "$key"
}

# Only a test of the importer runs it. The build without CUDA is 6 MB; what it needs came with LightGBM.
xgboost_step() {
  local key; key=$(digest "xgboost-cpu $XGBOOST_VERSION")
  fresh xgboost "$key" && return
  say "installing XGBoost $XGBOOST_VERSION"
  .venv/bin/pip install -q --no-deps "xgboost-cpu==$XGBOOST_VERSION"
  stamp xgboost "$key"
}

duckdb_step() {
  local key; key=$(digest "$DUCKDB_HEADER $DUCKDB_LIBRARY")
  fresh duckdb "$key" && return
  say "installing DuckDB's library ($DUCKDB_HEADER)"
  rm -rf "$deps/duckdb" && mkdir -p "$deps/duckdb/include" "$deps/duckdb/lib" "$deps/duckdb/npm"
  (cd "$deps/duckdb/npm" && npm pack --silent "$DUCKDB_HEADER" "$DUCKDB_LIBRARY" > /dev/null)
  local t
  for t in "$deps"/duckdb/npm/*.tgz; do
    tar -xzf "$t" -C "$deps/duckdb/npm" --wildcards --no-anchored 'duckdb.h' 'libduckdb.so*' 2> /dev/null || true
  done
  find "$deps/duckdb/npm" -name duckdb.h -path '*include*' | head -n 1 | xargs -I{} cp {} "$deps/duckdb/include/"
  find "$deps/duckdb/npm" -name 'libduckdb.so*' | head -n 1 | xargs -I{} cp {} "$deps/duckdb/lib/libduckdb.so"
  [ -s "$deps/duckdb/include/duckdb.h" ] && [ -s "$deps/duckdb/lib/libduckdb.so" ] || die "DuckDB's packages did not hold duckdb.h and libduckdb.so"
  rm -rf "$deps/duckdb/npm"
  stamp duckdb "$key"
}

web_step() {
  local key; key=$(digest "$(cat web/package-lock.json 2> /dev/null)")
  fresh web "$key" && return
  [ -f web/package-lock.json ] || return 0
  say "installing the front end's packages"
  (cd web && npm ci --silent --no-audit --no-fund)
  stamp web "$key"
}

apt_step
[ -x .venv/bin/python ] || { say "making .venv"; python3 -m venv .venv; }
torch_step
lightgbm_step
onnxruntime_step
xgboost_step
duckdb_step
web_step
