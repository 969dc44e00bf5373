#!/usr/bin/env bash
# fuzz/run.sh SECONDS [TARGET ...]: each target in turn, from its seeds, with what was found kept in
# `fuzz/corpus` (not committed). A find stops the script and names the file with its bytes.
#
# Coverage by the compiler's own passes: the stable toolchain is enough. With cargo-fuzz the same layout
# works as `RUSTC_BOOTSTRAP=1 cargo fuzz run TARGET --sanitizer none`.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:?seconds for each target}
shift
targets=("$@")
((${#targets[@]})) || targets=(reader policy arrival page exchange introduced log rules transforms bodies transaction detectors)
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/fuzz
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1"
# With a target named, build scripts and macros are built without coverage.
cargo build --release --target "$host" --bins
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" artifacts
    echo "fuzz: $target for $seconds s"
    "$CARGO_TARGET_DIR/$host/release/$target" "corpus/$target" "seeds/$target" -max_total_time="$seconds" \
        -max_len=16384 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="artifacts/$target-" -print_final_stats=1
done
