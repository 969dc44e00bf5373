#!/usr/bin/env bash
# The TLS scanner of PyPI, in an environment of its own: it needs older packages than the apps do.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=sslyze==6.3.1
venv=.cache/sslyze
mkdir -p .cache
if [[ $(cat "$venv/installed" 2>/dev/null) != "$wanted" ]]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input "$wanted"
    echo "$wanted" >"$venv/installed"
fi
echo "setup: the TLS scanner is in place"
