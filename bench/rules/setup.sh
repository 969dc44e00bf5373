#!/usr/bin/env bash
# What the comparison of rule engines needs: libmodsecurity 3 and a C compiler, Go for Coraza, a release build.
# The Core Rule Set is not fetched: PORTCULLIS_CRS names it, or it lies in ../shared/crs beside the checkout.
set -euo pipefail
cd "$(dirname "$0")"
declare -A package_of=()
[[ -e /usr/include/modsecurity/modsecurity.h ]] || package_of[libmodsecurity-dev]=1
for pair in cc:gcc taskset:util-linux python3:python3; do
    command -v "${pair%%:*}" >/dev/null || package_of[${pair#*:}]=1
done
if ((${#package_of[@]})); then
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq </dev/null
        apt-get install -y -qq --no-install-recommends "${!package_of[@]}" </dev/null >/dev/null
    else
        echo "bench: please install ${!package_of[*]}" >&2
        exit 1
    fi
fi
command -v go >/dev/null || { echo "bench: please install Go (https://go.dev), for Coraza" >&2; exit 1; }
target=${CARGO_TARGET_DIR:-$PWD/../../target}
mkdir -p "$target/bench"
cc -O2 -Wall -Wextra modsecurity.c -o "$target/bench/modsecurity" -lmodsecurity
(cd coraza && CGO_ENABLED=0 go build -o "$target/bench/coraza" .)
cargo build --release -p portcullis-seclang --example transactions
