#!/usr/bin/env python3
"""nginx and HAProxy as plain proxies and Portcullis with every layer on, against one backend.

Each proxy has one core, the load and the backend have the other. The proxies take turns, several rounds;
a figure is the median of the rounds, a ratio is beside nginx in the same run.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import tempfile

import load
import report
from servers import World

HERE = pathlib.Path(__file__).resolve().parent
CORES = "0,1"


def scenarios(seconds):
    """Name, what is told of it, and what is done to a server."""
    def url(server, scheme, path):
        return f"{'https' if scheme == 'tls' else 'http'}://localhost:{server.ports[scheme]}{path}"

    return [
        ("get_plain", "GET of 1 KB, keep-alive, plain HTTP",
         lambda s: load.wrk(s, url(s, "plain", "/1k.txt"), seconds)),
        ("get_tls", "GET of 1 KB, keep-alive, TLS",
         lambda s: load.wrk(s, url(s, "tls", "/1k.txt"), seconds)),
        ("get_h2", "GET of 1 KB, HTTP/2 over TLS",
         lambda s: load.h2load(s, url(s, "tls", "/1k.txt"), seconds)),
        ("tls_new", "a new TLS connection for each GET",
         lambda s: load.wrk(s, url(s, "tls", "/1k.txt"), seconds, 16, ["Connection: close"])),
        ("html", "page of 50 KB with ten forms, plain HTTP",
         lambda s: load.wrk(s, url(s, "plain", "/page.html"), seconds, 16)),
        ("download", "download of 1 GB, plain HTTP",
         lambda s: load.download(s, url(s, "plain", "/1g.bin"))),
    ]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gateway", default=str(HERE.parents[1] / "target/release/portcullis"))
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--idle", type=int, default=10_000)
    options.add_argument("--only", help="names of scenarios, with commas")
    options.add_argument("--peers", default="nginx,haproxy,portcullis")
    options.add_argument("--out", default=str(HERE / "results"))
    given = options.parse_args()
    if os.cpu_count() < 2:
        raise SystemExit("bench: two cores are needed, one for the proxy and one for the load")

    peers = given.peers.split(",")
    wanted = given.only.split(",") if given.only else None
    chosen = [one for one in scenarios(given.seconds) if wanted is None or one[0] in wanted]
    raw = {}
    folder = tempfile.mkdtemp(prefix="portcullis-bench-")
    try:
        world = World(folder, given.gateway)
        backend = world.backend()
        try:
            for turn in range(given.rounds):
                for peer in peers:
                    server = getattr(world, peer)()
                    try:
                        # What is made at the first request, and kept, is not what a request costs.
                        for kind in ("plain", "tls"):
                            scheme = "https" if kind == "tls" else "http"
                            for path in ("/1k.txt", "/page.html"):
                                load.wrk(server, f"{scheme}://localhost:{server.ports[kind]}{path}", 1)
                        for name, _, work in chosen:
                            figures = work(server)
                            for figure, value in figures.items():
                                raw.setdefault(name, {}).setdefault(peer, {}).setdefault(figure, []).append(value)
                            print(f"round {turn + 1} {name} {peer}: "
                                  + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()), flush=True)
                    finally:
                        server.stop()
            for peer in peers if wanted is None or "idle" in wanted else []:
                server = getattr(world, peer)()
                try:
                    for figure, value in load.idle(server, server.ports["plain"], given.idle).items():
                        raw.setdefault("idle", {}).setdefault(peer, {}).setdefault(figure, []).append(value)
                    print(f"idle {peer}: {raw['idle'][peer]}", flush=True)
                finally:
                    server.stop()
            if "portcullis" in peers and (wanted is None or "cores" in wanted):
                cores(world, given, raw)
        finally:
            backend.stop()
    finally:
        shutil.rmtree(folder)

    medians = {name: {peer: {figure: statistics.median(values) for figure, values in figures.items()}
                      for peer, figures in by_peer.items()} for name, by_peer in raw.items()}
    out = pathlib.Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    titles = {name: title for name, title, _ in scenarios(0)}
    titles |= {"idle": f"{given.idle} idle keep-alive connections", "cores": "two threads beside one"}
    text = report.text(medians, titles, given)
    (out / "http.txt").write_text(text)
    (out / "http.json").write_text(json.dumps({"rounds": given.rounds, "median": medians, "all": raw}, indent=1))
    (out / "http.svg").write_text(report.svg(medians, titles))
    print("\n" + text + f"\nwritten to {out}")


def cores(world, given, raw):
    """With two threads on two cores, which the load shares: what counts is what a request then costs."""
    for _ in range(given.rounds):
        for threads, on in ((1, "0"), (2, CORES)):
            server = world.portcullis(on)
            try:
                got = load.wrk(server, f"http://localhost:{server.ports['plain']}/1k.txt", given.seconds)
                figures = raw.setdefault("cores", {}).setdefault("portcullis", {})
                figures.setdefault(f"cpu_us_{threads}", []).append(got["cpu_us"])
            finally:
                server.stop()


if __name__ == "__main__":
    main()
