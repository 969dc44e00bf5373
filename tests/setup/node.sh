#!/usr/bin/env bash
# The browser driver and the header scanner, exactly as the lock file has them, and no script of theirs.
set -euo pipefail
cd "$(dirname "$0")/../browser"

if ! cmp -s package-lock.json node_modules/.installed-lock; then
    npm ci --ignore-scripts --silent </dev/null
    cp package-lock.json node_modules/.installed-lock
fi

# The scanner's install script would download two lists: which names are preloaded for HSTS, and which
# top-level domains exist. `localhost` is in neither, so empty ones of the same shape say the same.
conf=node_modules/@mdn/mdn-http-observatory/conf
[[ -f $conf/hsts-preload.json ]] || echo '{}' >"$conf/hsts-preload.json"
[[ -f $conf/tld-list.json ]] || echo '[]' >"$conf/tld-list.json"
echo "setup: Node packages are in place"
