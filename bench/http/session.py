#!/usr/bin/env python3
"""What a request with a session costs beside one without: keep-alive GET of 1 KB over TLS, by turns.

One server, one core, the store that the policy names (SQLite in the data directory, or `--sessions redis://…`).
The figure is the median of the rounds' differences of CPU time.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import tempfile

import load
from servers import World

PASSWORD = "seven lanterns over the quarry"


def sign_in(base):
    """The session's cookie, got as a browser gets it."""
    done = subprocess.run(
        ["curl", "-sSk", "-D", "-", "-o", "/dev/null", "-A", "Mozilla/5.0", "-H", f"Origin: {base}",
         "-H", "Sec-Fetch-Site: same-origin", "-d", "email=ann@notes.example",
         "--data-urlencode", f"password={PASSWORD}", f"{base}/.portcullis/sign-in"],
        capture_output=True, text=True, check=True)
    found = re.search(r"set-cookie: (__Host-portcullis-session=[\w-]+)", done.stdout, re.IGNORECASE)
    if not found:
        raise SystemExit(f"nobody was signed in: {done.stdout}")
    return found.group(1)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gateway", default=str(pathlib.Path(__file__).resolve().parents[2] / "target/release/portcullis"))
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--sessions", help="a store for sessions, as redis://127.0.0.1:6379")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="portcullis-bench-") as folder:
        world = World(folder, given.gateway)
        backend = world.backend()
        store = f'sessions = "{given.sessions}"\n' if given.sessions else ""
        people = f'[identity]\nname = "Bench"\nsign_up = "off"\n{store}[access]\nallow = "public"\n'
        policy = pathlib.Path(folder) / "people.toml"
        policy.write_text(f'upstream = "http://127.0.0.1:1"\n{people}')
        subprocess.run(
            [given.gateway, "user", "add", "ann@notes.example", "--password-stdin", "--policy", str(policy),
             "--data-dir", str(pathlib.Path(folder) / "state")],
            input=PASSWORD + "\n", text=True, check=True, capture_output=True)
        server = world.portcullis(more=people)
        try:
            base = f"https://localhost:{server.ports['tls']}"
            cookie = sign_in(base)
            url = base + "/1k.txt"
            load.wrk(server, url, 2)
            costs = {"without": [], "with": []}
            for turn in range(given.rounds):
                costs["without"].append(load.wrk(server, url, given.seconds)["cpu_us"])
                costs["with"].append(load.wrk(server, url, given.seconds, headers=[f"Cookie: {cookie}"])["cpu_us"])
                print(f"round {turn + 1}: without {costs['without'][-1]:.1f} us, with {costs['with'][-1]:.1f} us", flush=True)
            more = statistics.median(b - a for a, b in zip(costs["without"], costs["with"]))
            print(f"a session costs {more:.1f} us of CPU a request "
                  f"(without {statistics.median(costs['without']):.1f}, with {statistics.median(costs['with']):.1f})")
        finally:
            server.stop()
            backend.stop()


if __name__ == "__main__":
    main()
