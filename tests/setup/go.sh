#!/usr/bin/env bash
# The attack and conformance tools that are Go modules, built once into tests/.cache/go, at fixed versions.
set -euo pipefail
cd "$(dirname "$0")/.."

export GOBIN=$PWD/.cache/go GOFLAGS=-mod=mod
mkdir -p "$GOBIN"
tools=(
    github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1
    github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv@v2.10.1
    github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible
)
for tool in "${tools[@]}"; do
    name=${tool%@*} name=${name##*/}
    if [[ ! -x $GOBIN/$name || $(cat "$GOBIN/$name.version" 2>/dev/null) != "$tool" ]]; then
        nice go install "$tool"
        echo "$tool" >"$GOBIN/$name.version"
    fi
done
echo "setup: Go programs are in place"
