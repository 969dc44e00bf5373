#!/usr/bin/env python3
"""A thousand people sign in at once: how long it takes beside the rate of the hash, and what others feel of it.

One server on one core, the load on the other. Each round measures requests at a steady pace, first alone, then while
everybody signs in: each of another account, from another address, with the default hash. Sign-ins should end at the rate
of the hash, and others should hardly notice. One round goes before, as the first thousand connections of a process cost
it the memory that they need; what others felt of that is told apart.
"""

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from servers import LOAD_CORE, PROXY_CORE, World

PASSWORD = "seven lanterns over the quarry"
GOAL_P99 = 20.0
OWASP = (19456, 2)


def gateway(given, *arguments, **more):
    """What a command of the gateway prints, on the core of the server."""
    done = subprocess.run(["taskset", "-c", PROXY_CORE, given.gateway, *arguments],
                          capture_output=True, text=True, check=True, **more)
    return done.stdout


def hash_rate(given):
    """Hashes a second on the server's core, as `portcullis key calibrate` measures one."""
    told = json.loads(gateway(given, "key", "calibrate", "--target", "1", "--json"))
    took = [one for one in told["owasp"] if (one["memory"], one["passes"]) == OWASP]
    return 1000.0 / took[0]["milliseconds"]


def accounts(given, folder, policy):
    """Imports the accounts, which all have one password; making so many hashes here would only take time."""
    where = ["--policy", str(policy), "--data-dir", str(folder / "state")]
    gateway(given, "user", "add", "first@bench.example", "--password-stdin", *where, input=PASSWORD + "\n")
    first = json.loads(gateway(given, "user", "export", "--format", "json", "--hashes", *where))[0]
    lines = [f'u{number}@bench.example,"{first["hash"]}"' for number in range(given.count)]
    (folder / "users.csv").write_text("\n".join(["email,hash", *lines]) + "\n")
    gateway(given, "user", "import", str(folder / "users.csv"), "--origin", "portcullis", *where)


async def answer(reader):
    """The status of one answer, with its body read."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0)
    await reader.readexactly(length)
    return int(head.split(b" ")[1]), head


async def sign_in(port, number):
    """One person, on a connection of their own."""
    form = f"email=u{number}%40bench.example&password={PASSWORD.replace(' ', '+')}"
    request = (f"POST /.portcullis/sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/html\r\n"
               f"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\nUser-Agent: Mozilla/5.0\r\n"
               f"X-Forwarded-For: 10.{number >> 8}.{number & 255}.7\r\n"
               f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    status, head = await answer(reader)
    writer.close()
    if status != 303 or b"portcullis-session=" not in head:
        raise SystemExit(f"nobody was signed in: {head.decode(errors='replace')}")


async def others(port, per_second, until):
    """GET of 1 KB at a steady pace over keep-alive connections; the times in ms, from when each was due."""
    request = b"GET /1k.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
    idle, times, running = asyncio.Queue(), [], set()
    for _ in range(16):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def one(due):
        connection = await idle.get()
        connection[1].write(request)
        status, _ = await answer(connection[0])
        times.append((time.perf_counter() - due) * 1e3)
        if status != 200:
            raise SystemExit(f"status {status}")
        idle.put_nowait(connection)

    due = time.perf_counter()
    while not until():
        task = asyncio.create_task(one(due))
        running.add(task)
        task.add_done_callback(running.discard)
        due += 1 / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await asyncio.gather(*running)
    while not idle.empty():
        idle.get_nowait()[1].close()
    return times


def spread(times):
    ordered = sorted(times)
    at = lambda part: ordered[min(len(ordered) - 1, int(len(ordered) * part))]  # noqa: E731
    return {"requests": len(ordered), "p50_ms": at(0.5), "p99_ms": at(0.99), "worst_ms": ordered[-1]}


async def crowd(port, count):
    """Everybody at once, in a process of its own that gives way to the one that measures the others."""
    os.nice(10)
    began = time.perf_counter()
    await asyncio.gather(*(sign_in(port, number) for number in range(count)))
    print(time.perf_counter() - began)


async def round_of(given, port):
    end = time.perf_counter() + given.seconds
    quiet = await others(port, given.pace, lambda: time.perf_counter() >= end)
    command = [sys.executable, __file__, "--count", str(given.count), "--crowd", str(port)]
    people = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    ended = asyncio.create_task(people.communicate())
    meanwhile = await others(port, given.pace, ended.done)
    seconds = float((await ended)[0])
    return {"quiet": spread(quiet), "meanwhile": spread(meanwhile), "seconds": seconds,
            "per_second": given.count / seconds}


def report(rounds, cold, rate, given):
    median = lambda pick: statistics.median(pick(one) for one in rounds)  # noqa: E731
    per_second = median(lambda one: one["per_second"])
    lines = [f"{given.count} sign-ins at once, {given.rounds} rounds: {median(lambda one: one['seconds']):.1f} s, "
             f"{per_second:.1f} a second",
             f"  one core hashes {rate:.1f} a second with the default cost: ratio {per_second / rate:.2f}"]
    for which in ("quiet", "meanwhile"):
        p50, p99 = (median(lambda one: one[which][key]) for key in ("p50_ms", "p99_ms"))
        goal = "" if which == "quiet" else f"  goal p99 below {GOAL_P99:.0f} ms: {'met' if p99 < GOAL_P99 else 'NOT met'}"
        lines.append(f"  others, {which:9} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms{goal}")
    lines.append(f"  others, meanwhile, in a process that has just begun: p50 {cold['meanwhile']['p50_ms']:.2f} ms   "
                 f"p99 {cold['meanwhile']['p99_ms']:.2f} ms   worst {cold['meanwhile']['worst_ms']:.0f} ms")
    return "\n".join(lines) + "\n"


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gateway", default=str(pathlib.Path(__file__).resolve().parents[2] / "target/release/portcullis"))
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--count", type=int, default=1000)
    options.add_argument("--seconds", type=int, default=10, help="of the others alone")
    options.add_argument("--pace", type=int, default=200, help="requests of others a second")
    options.add_argument("--out", default=str(pathlib.Path(__file__).parent / "results"))
    options.add_argument("--crowd", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.crowd:
        asyncio.run(crowd(given.crowd, given.count))
        return
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with tempfile.TemporaryDirectory(prefix="portcullis-bench-") as folder:
        folder = pathlib.Path(folder)
        world = World(folder, given.gateway)
        backend = world.backend()
        people = ('[client]\ntrusted_proxies = ["127.0.0.1"]\n[identity]\nname = "Bench"\nsign_up = "off"\n'
                  '[access]\nallow = "public"\n')
        policy = folder / "people.toml"
        policy.write_text(f'upstream = "http://127.0.0.1:1"\n{people}')
        accounts(given, folder, policy)
        server = world.portcullis(more=people)
        try:
            rate, rounds = hash_rate(given), []
            cold = asyncio.run(round_of(given, server.ports["plain"]))
            for turn in range(given.rounds):
                rounds.append(asyncio.run(round_of(given, server.ports["plain"])))
                one = rounds[-1]
                print(f"round {turn + 1}: {one['seconds']:.1f} s, {one['per_second']:.1f} a second; others p99 "
                      f"{one['quiet']['p99_ms']:.2f} ms alone, {one['meanwhile']['p99_ms']:.2f} ms meanwhile", flush=True)
            text = report(rounds, cold, rate, given)
        finally:
            server.stop()
            backend.stop()
    out = pathlib.Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "signins.txt").write_text(text)
    (out / "signins.json").write_text(json.dumps({"hashes_per_second": rate, "goal_p99_ms": GOAL_P99, "cold": cold, "rounds": rounds}, indent=1))
    print("\n" + text + f"\nwritten to {out}")


if __name__ == "__main__":
    main()
