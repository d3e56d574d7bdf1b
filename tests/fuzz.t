#!/usr/bin/env bash
# fuzz.t: libFuzzer on every reader and on the store for a few seconds (ASSAY_FUZZ_SECONDS: 3, with ASSAY_LONG 600), from the fixtures on.
# Needs clang and its runtime (clang, libclang-rt-14-dev), which tests/run installs for --long only: the suite has the
# drivers fuzz_* of the build, which change the same seeds under the sanitizers.
set -u
cd "$(dirname "$(readlink -f "$0")")/.." || exit 2

skip() { echo "1..0 # SKIP $*"; exit 0; }

[ -z "${ASSAY_SANITIZED:-}" ] || skip "it has sanitizers of its own: once is enough"
command -v clang >/dev/null || skip "clang is not installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s\n' '#include <stddef.h>' 'int LLVMFuzzerTestOneInput(const char *p, size_t n) { (void)p; return (int)(n - n); }' >"$work/try.c"
clang -fsanitize=fuzzer,address,undefined "$work/try.c" -o "$work/try" 2>/dev/null || skip "clang has no libFuzzer (libclang-rt-14-dev)"

build=${ASSAY_BUILD:-$PWD/build}/fuzz
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DASSAY_FUZZ=ON >"$work/log" 2>&1 &&
  ninja -C "$build" fuzz >>"$work/log" 2>&1 || { sed 's/^/# /' "$work/log" | tail -20; echo "not ok 1 - the fuzz targets are built"; echo "1..1"; exit 1; }

count=0
failed=0
seconds=${ASSAY_FUZZ_SECONDS:-${ASSAY_LONG:+600}}
seconds=${seconds:-3}
# allocations that a damaged header asks for may fail; that is an answer
export ASAN_OPTIONS=allocator_may_return_null=1
longest=4096 # bytes of an input
# fuzz TARGET ENDING...: new inputs stay in the work folder; what crashes is shown.
fuzz() {
  local target=$1 ending file
  shift
  mkdir -p "$work/$target"
  for ending in "$@"; do
    for file in "${ASSAY_SHARED:-../shared}"/data/formats/*"$ending" experiments/data/tables/*"$ending"; do
      [ -r "$file" ] && [ "$(stat -c %s "$file")" -lt 65536 ] && cp "$file" "$work/$target/"
    done
  done
  count=$((count + 1))
  if (cd "$work" && "$build/bin/fuzz_$target" -max_total_time="$seconds" -max_len="$longest" -rss_limit_mb=2048 -timeout=10 \
    -print_final_stats=1 "$work/$target") >"$work/$target.log" 2>&1; then
    echo "ok $count - $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log") inputs in $seconds s, no crash"
  else
    failed=1
    echo "not ok $count - $target survives $seconds s of libFuzzer"
    tail -40 "$work/$target.log" | sed 's/^/# /'
  fi
}
fuzz fann .fann
fuzz idx .idx .idx.gz
fuzz libsvm .libsvm
fuzz llama2c .bin
fuzz matrix_pack
fuzz npy .npy
fuzz npz .npz
fuzz safetensors .safetensors
fuzz table .csv
# A store of small pages, so that a change of a few bytes often hits something that is read.
mkdir -p "$work/store"
"${ASSAY:-$PWD/build/bin/assay}" run tests/cli/small.lua --quiet --db "$work/store/small.db" >"$work/log" 2>&1 &&
  sqlite3 "$work/store/small.db" 'PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM' >>"$work/log" 2>&1 ||
  { sed 's/^/# /' "$work/log"; echo "not ok $((count + 1)) - a store is made"; failed=1; }
longest=65536
fuzz store
echo "1..$count"
exit $failed
