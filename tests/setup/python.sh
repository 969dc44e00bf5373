#!/usr/bin/env bash
# A virtual environment with what the test apps import, and the tutorial app of Flask's own source
# distribution. Both live in tests/.cache and are made again only when the requirements change.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=.cache
venv=$cache/venv
mkdir -p "$cache"

if ! cmp -s apps/requirements.txt "$cache/requirements.installed"; then
    rm -rf "$venv" "$cache/tutorial"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input -r apps/requirements.txt
fi

if [[ ! -d $cache/tutorial ]]; then
    flask=$(sed -n 's/^Flask==/flask==/p' apps/requirements.txt)
    unpacked=$(mktemp -d "$cache/sdist.XXXXXX")
    trap 'rm -rf "$unpacked"' EXIT
    "$venv/bin/pip" download --quiet --disable-pip-version-check --no-input \
        --no-binary :all: --no-deps --dest "$unpacked" "$flask"
    tar -xzf "$unpacked"/flask-*.tar.gz -C "$unpacked" --strip-components=1
    mv "$unpacked/examples/tutorial" "$cache/tutorial"
fi

cp apps/requirements.txt "$cache/requirements.installed"
echo "setup: Python apps are in place"
