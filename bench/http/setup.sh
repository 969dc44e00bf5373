#!/usr/bin/env bash
# What the measurement needs: the peers, the load generators, a release build.
set -euo pipefail
cd "$(dirname "$0")/../.."
declare -A package_of=()
for pair in nginx:nginx-light haproxy:haproxy wrk:wrk h2load:nghttp2-client openssl:openssl taskset:util-linux \
    slowhttptest:slowhttptest curl:curl python3:python3; do
    PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || package_of[${pair#*:}]=1
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
cargo build --release -p portcullis-gateway --bin portcullis
