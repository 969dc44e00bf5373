#!/usr/bin/env python3
"""Portcullis, libmodsecurity 3 and Coraza 3 with the Core Rule Set, on the same transactions.

Each engine runs alone on one core, in turns, several rounds; a figure is the median of the rounds, a ratio is beside
Portcullis in the same run. Times are CPU times as the kernel accounts for the process.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import corpus
import report

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
import core_rule_set  # noqa: E402

ENGINES = ["portcullis", "modsecurity", "coraza"]
LEVEL_4 = ["get_3", "form_8", "prose_1k", "json_4k"]


def run(command, core, arguments, folder):
    """Runs an engine once; what it printed, by kind."""
    out = subprocess.run(
        ["taskset", "-c", str(core), command, *arguments], cwd=folder, check=True, text=True, stdout=subprocess.PIPE,
        env=dict(os.environ, GOMAXPROCS="1"), timeout=1800).stdout
    figures = {"rows": {}}
    for words in map(str.split, out.splitlines()):
        if words[0] == "load":
            figures["load_ms"], figures["loaded_mb"] = float(words[1]) / 1e3, int(words[2]) / 1e3
        elif words[0] == "row":
            name = words[1].removesuffix(".transactions")
            figures["rows"][name] = (float(words[2]) / int(words[3]), int(words[4]) / int(words[3]))
        elif words[0] == "end":
            figures["end_mb"] = int(words[1]) / 1e3
    return figures


def main():
    options = argparse.ArgumentParser(description=__doc__)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--passes", type=int, default=3, help="how often ours runs each row in a round; peers once")
    options.add_argument("--engines", default=",".join(ENGINES))
    options.add_argument("--rows", help="names of rows, with commas")
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options.add_argument("--out", default=str(HERE / "results"))
    given = options.parse_args()
    commands = {
        "portcullis": target / "release/examples/transactions",
        "modsecurity": target / "bench/modsecurity",
        "coraza": target / "bench/coraza",
    }
    engines = given.engines.split(",")
    root = core_rule_set.find()
    raw = {}

    def keep(engine, row, figure, value):
        raw.setdefault(row, {}).setdefault(engine, {}).setdefault(figure, []).append(value)

    with tempfile.TemporaryDirectory(prefix="portcullis-bench-") as folder:
        folder = pathlib.Path(folder)
        titles = {name: (title, count) for name, title, count in corpus.write(folder)}
        rows = given.rows.split(",") if given.rows else list(titles)
        template = (HERE / "rules.conf.in").read_text()
        for level in "14":
            text = template.replace("@CRS@", str(root)).replace("@LEVEL@", level)
            (folder / f"level{level}.conf").write_text(text)
        for turn in range(given.rounds):
            # Whoever goes first goes later next time.
            order = engines[turn % len(engines):] + engines[:turn % len(engines)]
            for engine in order:
                passes = given.passes if engine == "portcullis" else 1
                for level, chosen in [("1", rows), ("4", [row for row in rows if row in LEVEL_4])]:
                    words = [f"{row}.transactions:{passes}" for row in chosen]
                    figures = run(str(commands[engine]), given.core, [f"level{level}.conf", *words], folder)
                    for row, (microseconds, refused) in figures["rows"].items():
                        name = row if level == "1" else f"{row}@4"
                        keep(engine, name, "cpu_us", microseconds)
                        keep(engine, name, "refused", refused)
                    if level == "1":
                        for figure in ("load_ms", "loaded_mb", "end_mb"):
                            keep(engine, "load", figure, figures[figure])
                print(f"round {turn + 1} of {given.rounds}: {engine}", flush=True)
    medians = {row: {engine: {figure: statistics.median(values) for figure, values in figures.items()}
                     for engine, figures in by_engine.items()} for row, by_engine in raw.items()}
    out = pathlib.Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    told = report.text(medians, titles, given.rounds, root.name)
    print("\n" + told)
    (out / "rules.txt").write_text(told)
    (out / "rules.json").write_text(json.dumps({"medians": medians, "rounds": raw}, indent=1) + "\n")
    (out / "rules.svg").write_text(report.svg(medians, titles))


if __name__ == "__main__":
    main()
