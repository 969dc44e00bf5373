#!/usr/bin/env python3
"""Ten minutes of mixed traffic at full load: memory stays flat, and no descriptor is lost.

Keep-alive and single requests, pages, TLS handshakes, HTTP/2, clients that break off and clients that drip,
all on the loopback and bounded in time. Memory is sampled every ten seconds; the trend of the second half
counts, since the first fills pools and caches.
"""

import argparse
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "http"))
from servers import LOAD_CORE, World  # noqa: E402


def repeatedly(command, until):
    while not until.is_set():
        subprocess.run(["taskset", "-c", LOAD_CORE, *command], capture_output=True, timeout=60, check=False)


def breaking_off(port, until):
    """Clients that ask and go, in the middle of a head, of a body, of an answer."""
    texts = [b"GET / HT", b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nabc",
             b"GET /page.html HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n\r\nSM"]
    number = 0
    while not until.is_set():
        number += 1
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as one:
                one.sendall(texts[number % len(texts)])
                if number % 3 == 0:
                    time.sleep(0.02)
        except OSError:
            pass
        time.sleep(0.002)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gateway", default=str(HERE.parents[1] / "target/release/portcullis"))
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--out", default=str(HERE / "results"))
    given = options.parse_args()
    folder = tempfile.mkdtemp(prefix="portcullis-bench-")
    until, samples = threading.Event(), []
    try:
        world = World(folder, given.gateway)
        backend, server = world.backend(), world.portcullis()
        plain, tls = (f"{scheme}://localhost:{server.ports[kind]}" for scheme, kind in
                      (("http", "plain"), ("https", "tls")))
        loads = [
            ["wrk", "-t1", "-c24", "-d8s", f"{plain}/1k.txt"],
            ["wrk", "-t1", "-c8", "-d8s", f"{plain}/page.html"],
            ["wrk", "-t1", "-c8", "-d8s", "-H", "Connection: close", f"{tls}/1k.txt"],
            ["h2load", "-t1", "-c4", "-m8", "-n20000", f"{tls}/page.html"],
        ]
        threads = [threading.Thread(target=repeatedly, args=(load, until)) for load in loads]
        threads += [threading.Thread(target=breaking_off, args=(server.ports[kind], until))
                    for kind in ("plain", "tls")]
        before = server.descriptors()
        for thread in threads:
            thread.start()
        end = time.monotonic() + given.seconds
        while time.monotonic() < end:
            time.sleep(min(10, max(0.1, end - time.monotonic())))
            samples.append({"rss_mb": server.rss() / 1e6, "descriptors": server.descriptors(), "cpu_s": server.cpu()})
            print(samples[-1], flush=True)
        until.set()
        for thread in threads:
            thread.join()
        # Connections to the app are kept for half a minute.
        time.sleep(40)
        after = server.descriptors()
        alive = server.process.poll() is None
        server.stop()
        backend.stop()
    finally:
        until.set()
        shutil.rmtree(folder, ignore_errors=True)
    half = samples[len(samples) // 2:]
    quarter = max(1, len(half) // 2)
    first = sum(one["rss_mb"] for one in half[:quarter]) / quarter
    last = sum(one["rss_mb"] for one in half[-quarter:]) / quarter
    verdict = {"seconds": given.seconds, "rss_mb_third_quarter": first, "rss_mb_last_quarter": last,
               "growth": last / first, "descriptors_before": before, "descriptors_after": after,
               "cpu_s": samples[-1]["cpu_s"], "alive": alive}
    out = pathlib.Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "soak.json").write_text(json.dumps({"verdict": verdict, "samples": samples}, indent=1))
    print(json.dumps(verdict, indent=1))
    if not alive or last > first * 1.05 + 2 or after > before + 4:
        raise SystemExit("soak: memory grew, descriptors were lost, or the gate died")


if __name__ == "__main__":
    main()
