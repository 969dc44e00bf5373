#!/usr/bin/env python3
"""What a request costs with the Core Rule Set on the path: keep-alive GET of 1 KB over plain HTTP, by turns.

nginx as a bare hop, the gateway with the built-in rules, and the gateway with the Core Rule Set (blocking, paranoia
level 1, both bodies read) in their place, each on one core before the same backend. Ratios of the medians are beside
nginx in the same run.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

import load
from servers import World

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
import core_rule_set  # noqa: E402

CONFIG = """SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
"""


def status(url):
    return subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", url],
                          capture_output=True, text=True, check=True).stdout


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gateway", default=str(HERE.parents[1] / "target/release/portcullis"))
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=4)
    given = options.parse_args()
    root = core_rule_set.find()
    with tempfile.TemporaryDirectory(prefix="portcullis-bench-") as folder:
        world = World(folder, given.gateway)
        config = pathlib.Path(folder) / "engine.conf"
        config.write_text(CONFIG)
        rules = [str(config), str(root / "crs-setup.conf.example"), str(root / "rules/*.conf")]
        starts = {
            "nginx, bare": world.nginx,
            "built-in rules": world.portcullis,
            "Core Rule Set": lambda: world.portcullis(more=f"[gate]\nrules = {rules!r}\n"),
        }
        backend = world.backend()
        costs = {name: [] for name in starts}
        try:
            for turn in range(given.rounds):
                for name, start in starts.items():
                    server = start()
                    try:
                        url = f"http://localhost:{server.ports['plain']}/1k.txt"
                        refused = status(url + "?q=%27%20OR%201%3D1%20--%20") == "403"
                        if refused == (start == world.nginx):
                            raise SystemExit(f"{name}: an injection is {'refused' if refused else 'let through'}")
                        load.wrk(server, url, 1)
                        costs[name].append(load.wrk(server, url, given.seconds)["cpu_us"])
                        print(f"round {turn + 1}: {name}: {costs[name][-1]:.1f} us", flush=True)
                    finally:
                        server.stop()
        finally:
            backend.stop()
        bare = statistics.median(costs["nginx, bare"])
        for name, figures in costs.items():
            cost = statistics.median(figures)
            print(f"{name}: {cost:.1f} us of CPU a request, {cost / bare:.2f} of nginx")


if __name__ == "__main__":
    main()
