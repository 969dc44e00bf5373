"""One kind of load against one server: what it cost the server, and what the clients saw."""

import re
import resource
import socket
import subprocess
import time

from servers import LOAD_CORE

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


def run(command):
    done = subprocess.run(["taskset", "-c", LOAD_CORE, *command], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def measured(server, work):
    """CPU seconds of the server and wall seconds around `work`."""
    cpu, wall = server.cpu(), time.monotonic()
    result = work()
    return result, server.cpu() - cpu, time.monotonic() - wall


def wrk(server, url, seconds, connections=32, headers=()):
    command = ["wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s", url]
    for header in headers:
        command += ["-H", header]
    out, cpu, _ = measured(server, lambda: run(command))
    requests, took = re.search(r"(\d+) requests in ([\d.]+)", out).groups()
    if "Non-2xx" in out or int(requests) == 0:
        raise RuntimeError(f"{server.name} {url}: {out}")
    # A connection that the client keeps no longer than a request is reported as an error of reading.
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    if broken and not headers and any(int(count) for count in broken.groups()):
        raise RuntimeError(f"{server.name} {url}: {out}")

    def percentile(which):
        number, unit = re.search(rf"{which}%\s+([\d.]+)(us|ms|s|m)\b", out).groups()
        return float(number) * UNITS[unit] * 1e3

    return {
        "cpu_us": cpu / int(requests) * 1e6,
        "per_second": int(requests) / float(took.rstrip("s")),
        "per_cpu_second": int(requests) / max(cpu, 1e-9),
        "p50_ms": percentile(50),
        "p99_ms": percentile(99),
        "rss_mb": server.rss() / 1e6,
    }


def h2load(server, url, seconds):
    # By count: a run by time ends with requests cut off.
    def work():
        return run(["h2load", "-t1", "-c8", "-m8", f"-n{seconds * 8000}", url])

    out, cpu, wall = measured(server, work)
    done = int(re.search(r"(\d+) succeeded", out).group(1))
    if done != seconds * 8000:
        raise RuntimeError(f"{server.name} {url}: {out}")
    return {
        "cpu_us": cpu / done * 1e6,
        "per_second": done / wall,
        "per_cpu_second": done / max(cpu, 1e-9),
        "rss_mb": server.rss() / 1e6,
    }


def download(server, url):
    def work():
        return run(["curl", "-sSfk", "-o", "/dev/null", "-w", "%{size_download}", url])

    size, cpu, wall = measured(server, work)
    return {
        "cpu_us": cpu * 1e6,
        "seconds": wall,
        "mb_per_cpu_second": int(size) / 1e6 / max(cpu, 1e-9),
        "rss_mb": server.rss() / 1e6,
    }


def idle(server, port, count):
    """Resident memory with `count` connections that have each been served once and now wait."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held, before = [], server.rss()
    ask = b"GET /1k.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
    try:
        while len(held) < count:
            batch = []
            for _ in range(min(200, count - len(held))):
                # Several loopback addresses, so that ports do not run out.
                one = socket.socket()
                one.settimeout(20)
                one.bind((f"127.0.0.{2 + len(held) // 5000}", 0))
                one.connect(("127.0.0.1", port))
                one.sendall(ask)
                batch.append(one)
                held.append(one)
            for one in batch:
                got = b""
                while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < 1024:
                    part = one.recv(65536)
                    if not part:
                        raise RuntimeError(f"{server.name}: closed after {len(held)}: {got[:200]}")
                    got += part
                if b" 200 " not in got[:20]:
                    raise RuntimeError(f"{server.name}: {got[:200]}")
        time.sleep(1)
        return {"rss_mb": server.rss() / 1e6, "kb_each": (server.rss() - before) / count / 1e3}
    finally:
        for one in held:
            one.close()
