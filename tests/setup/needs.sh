#!/usr/bin/env bash
# Finds the programs that the tests drive. What is missing is installed where that is allowed (as root on
# Debian); elsewhere one line names the packages, and nothing is skipped.
set -euo pipefail

declare -A package_of=()
lacks() { package_of[$2]=1; echo "setup: \`$1\` not found, package $2"; }

command -v cc >/dev/null || lacks cc build-essential
command -v chromium >/dev/null || lacks chromium chromium
command -v certutil >/dev/null || lacks certutil libnss3-tools
command -v openssl >/dev/null || lacks openssl openssl
command -v wrk >/dev/null || lacks wrk wrk
command -v h2load >/dev/null || lacks h2load nghttp2-client
command -v sslscan >/dev/null || lacks sslscan sslscan
command -v testssl >/dev/null || lacks testssl testssl.sh
command -v sqlmap >/dev/null || lacks sqlmap sqlmap
command -v redis-server >/dev/null || lacks redis-server redis-server
command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || lacks postgres postgresql
command -v setpriv >/dev/null || lacks setpriv util-linux
command -v python3 >/dev/null || lacks python3 python3
python3 -c 'import ensurepip, venv' 2>/dev/null || lacks 'python3 -m venv' python3-venv
command -v node >/dev/null || lacks node nodejs
command -v npm >/dev/null || lacks npm npm
command -v go >/dev/null || lacks go golang-go

if ((${#package_of[@]})); then
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq </dev/null
        apt-get install -y -qq --no-install-recommends "${!package_of[@]}" </dev/null >/dev/null
    else
        echo "setup: please install ${!package_of[*]}" >&2
        exit 1
    fi
fi

command -v cargo >/dev/null || { echo "setup: please install Rust (rustup, https://rustup.rs)" >&2; exit 1; }
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 10) ? 0 : 1)' ||
    { echo "setup: please install nodejs 20.10 or newer; found $(node --version)" >&2; exit 1; }
echo "setup: programs are in place"
