#!/usr/bin/env bash
# go-ftw, which runs the CRS regression tests, at the version in tests/ftw/go.mod.
set -euo pipefail
cd "$(dirname "$0")/../ftw"

built=../.cache/ftw
mkdir -p ../.cache
if ! cat go.mod go.sum main.go | cmp -s - "$built.from"; then
    GOFLAGS=-mod=readonly go build -trimpath -o "$built" . </dev/null
    cat go.mod go.sum main.go >"$built.from"
fi
echo "setup: go-ftw is in place"
