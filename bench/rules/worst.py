#!/usr/bin/env python3
"""What a hostile request can cost: bodies made to be dear, CPU a kilobyte of each, with the Core Rule Set at level 1.

The dearest that is known is the words of the set's own lists in disorder: they make most rules look, and their states
differ at every byte. `setup.sh` builds what this runs.
"""

import pathlib
import random
import subprocess
import tempfile
import os
import urllib.parse

from run import core_rule_set

LENGTH = 100_000


def bodies(root):
    """Name, body: forms of one field, but for the last."""
    chance = random.Random(1)
    words = [line for path in sorted(root.glob("rules/*.data"))
             for line in path.read_text(encoding="latin1").splitlines() if line and line[0] != "#"]
    chance.shuffle(words)
    texts = {
        "words of the rules": " ".join(words),
        "SQL": "1' or 1=1 union select user from information_schema.tables -- ",
        "shell": ";b'u's'y'b'o'x ${IFS} $(c'm'd) && time `env`; ls -la | sh < /etc/passwd ",
        "markup": "javascript:vbscript:@i m p o r t -moz-binding <scrip <svg onx=y style=x: expressio ",
        "quotes": "'\"`\\;$({[<&|",
        "printable noise": "".join(chr(chance.randrange(32, 127)) for _ in range(LENGTH)),
        "noise": bytes(chance.randrange(256) for _ in range(LENGTH)),
    }
    for name, text in texts.items():
        text = (text * (LENGTH // len(text) + 1))[:LENGTH]
        yield name, b"a=" + urllib.parse.quote_plus(text).encode()
    pieces = ["1' or ", "<a b=", "../..", ";ls -", "${x}", "eval(", "$_GET["]
    yield "990 fields", "&".join(f"a{n}={urllib.parse.quote_plus(chance.choice(pieces))}" for n in range(990)).encode()


def main():
    here = pathlib.Path(__file__).resolve().parent
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", here.parents[1] / "target"))
    with tempfile.TemporaryDirectory(prefix="portcullis-worst-") as folder:
        folder = pathlib.Path(folder)
        text = (here / "rules.conf.in").read_text().replace("@CRS@", str(core_rule_set.find())).replace("@LEVEL@", "1")
        (folder / "rules.conf").write_text(text.replace("SecRuleEngine On", "SecRuleEngine DetectionOnly"))
        made = list(bodies(core_rule_set.find()))
        for number, (_, body) in enumerate(made):
            head = ["T POST /a HTTP/1.1", "H Host: www.example.com", "H User-Agent: Mozilla/5.0", "H Accept: */*",
                    "H Content-Type: application/x-www-form-urlencoded", f"H Content-Length: {len(body)}", f"B {len(body)}"]
            (folder / f"{number}.transactions").write_bytes(
                "\n".join(head).encode() + b"\n" + body + b"\nS 200\nR Content-Type: text/plain\nD 2\nok\nE\n")
        out = subprocess.run(
            [target / "release/examples/transactions", "rules.conf", *(f"{n}.transactions:3" for n in range(len(made)))],
            cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout
        for words in (line.split() for line in out.splitlines() if line.startswith("row")):
            name, body = made[int(words[1].split(".")[0])]
            print(f"{name:20} {float(words[2]) / int(words[3]) / (len(body) / 1000):8.0f} us/kB")


if __name__ == "__main__":
    main()
