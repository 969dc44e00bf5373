"""The transactions that all engines run: many different ones for each row, the same for all.

One file a row. A transaction is lines, and bodies by their length:

    T GET /path?query HTTP/1.1        begins one
    H Name: value                     a header of the request
    B 12                              its body: so many bytes follow, and a line feed
    S 200                             the status of the response
    R Name: value                     a header of the response
    D 12                              its body, as above
    E                                 ends it
"""

import json
import random
import urllib.parse

# Without words that are commands or keywords: in random order they make phrases that people do not write, and that
# the rules take for attacks.
WORDS = """a about above across after again almost along already also although always among an another anyone appear apple
around arrive art ask autumn away back bag bank be beach bear beautiful because become bed before begin behind
believe below beside big bird black blue board boat body book both bottle bottom box boy branch bread bright bring
brother brown build but buy came can capital car care carry catch center century certain chair change child city
class clean clear close cloth cloud coast cold color come common company complete consider contain cook cool corner
could country course cover cross cry dance dark daughter day deal dear decide deep develop did differ dinner direct
do doctor does door down draw dream dress drink drive dry during each early earth east eat edge egg eight either
energy enough even evening ever every example eye face fact fall family far farm fast father feel few field fight
fill film final fine finish fire first five floor flower fly follow food foot for forest form found four free fresh
friend front fruit full game garden gave general get girl give glass go gold good grass great green ground grow
guess had hair half hall hand happen happy hard has hat have he hear heart heat heavy help her here high hill him
his hold home hope horse hot hour house how hundred idea if important inch include island it its job jump just keep
kitchen know lake land language large late laugh law lay lead learn leave leg letter level lie life light line
listen little live long lost lot love low machine made main man many map market matter may me mean measure meet
mile milk mind minute miss modern moment money month moon morning most mother mountain move much music must my name
nature near need never new next night nine no noise north note nothing notice now number object ocean of office
often old once one only open orange other our out own page paint paper parent part party pass past path people
perhaps person picture piece place plain plan plant play point poor possible power present problem question quick
quiet quite rain raise ran reach read ready real reason red remember rest rich ride ring rise river road rock room
round rule run said same sand saw say school science sea season seat second see seem send sentence seven several
shape she ship shop short should show side simple since sing sister sit six size sky slow small snow so song soon
sound south space speak special spring square stand star state stay step still stone stop store story street strong
student study such sun sure surface take talk tall teach tell ten test that the their them there these they thing
think this those though thought thousand three through to today together told too took town travel tree true try
turn twelve twenty two under unit until up us usual valley very visit voice wait walk want war warm was wash water
way we weather week weight well went were west what wheel which while white whole why wide wild will wind window
winter with without woman wonder wood word work world would write year yellow yes yet you young your""".split()
NAMES = "Anna Ben Chiara David Elif Femi Greta Hugo Ines Jan Kenji Lena Marek Nadia Olga Pablo Quinn Rosa Sven Tara".split()
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{1} Safari/605.1.15",
]
INJECTIONS = [
    "{n}' OR '{n}'='{n}", "{n} UNION SELECT {w},{v} FROM users--", "'; DROP TABLE {w};--", "{n}) OR ({n}={n}",
    "{w}' AND SLEEP({n})#", "{n}' UNION ALL SELECT NULL,{n},@@version-- -", "{w}' OR 1=1 LIMIT {n}-- ",
    "1;EXEC xp_cmdshell('{w}')", "{n} AND (SELECT {n} FROM(SELECT COUNT(*),CONCAT(0x3a,(SELECT user()),0x3a)x)a)",
    "{w}'||(SELECT password FROM {w} WHERE id={n})||'",
]


class Maker:
    """Makes transactions from a seed: the same ones in every run."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def word(self):
        return self.random.choice(WORDS)

    def prose(self, length):
        """Sentences of at least `length` bytes, cut there."""
        out, size = [], 0
        while size < length:
            words = [self.word() for _ in range(self.random.randint(5, 16))]
            if self.random.random() < 0.3:
                words[self.random.randrange(len(words))] = self.random.choice(NAMES)
            if self.random.random() < 0.2:
                words[-1] += f" {self.random.randint(2, 2040)}"
            if self.random.random() < 0.3:
                words[len(words) // 2] += ","
            sentence = " ".join(words).capitalize() + self.random.choice([". ", ". ", ". ", "? ", "! "])
            out.append(sentence)
            size += len(sentence)
        return "".join(out)[:length]

    def value(self):
        """What people write into short fields."""
        kind = self.random.randrange(7)
        if kind == 0:
            return str(self.random.randint(0, 99_999))
        if kind == 1:
            return f"{self.random.choice(NAMES).lower()}.{self.word()}{self.random.randint(1, 99)}@example.com"
        if kind == 2:
            return f"{self.random.choice(NAMES)} {self.word().capitalize()}"
        if kind == 3:
            return f"20{self.random.randint(10, 29)}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}"
        if kind == 4:
            return "-".join(self.word() for _ in range(3))
        if kind == 5:
            return "%016x" % self.random.getrandbits(64)
        return " ".join(self.word() for _ in range(self.random.randint(2, 8)))

    def key(self):
        return self.random.choice([self.word(), f"{self.word()}_{self.word()}", f"{self.word()}{self.random.randint(1, 9)}"])

    def path(self):
        parts = [self.word() for _ in range(self.random.randint(1, 4))]
        return "/" + "/".join(parts) + self.random.choice(["", "", "/", ".html"])

    def pairs(self, count):
        return [(f"{self.key()}", self.value()) for _ in range(count)]

    def head(self):
        agent = self.random.choice(AGENTS).format(self.random.randint(110, 140), self.random.randint(1, 9))
        return [
            ("Host", "www.example.com"),
            ("User-Agent", agent),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Accept-Language", "en-US,en;q=0.5"),
            ("Accept-Encoding", "gzip, deflate, br"),
            ("Referer", f"https://www.example.com{self.path()}"),
            ("Cookie", f"session={self.random.getrandbits(128):032x}; theme={self.word()}"),
        ]

    def get(self, query="", cookies=None):
        head = self.head()
        if cookies:
            head[-1] = ("Cookie", cookies)
        return dict(line=f"GET {self.path()}{'?' if query else ''}{query} HTTP/1.1", head=head, body=b"")

    def post(self, kind, body):
        head = self.head() + [("Content-Type", kind), ("Content-Length", str(len(body)))]
        return dict(line=f"POST {self.path()} HTTP/1.1", head=head, body=body)

    def form(self, pairs):
        return self.post("application/x-www-form-urlencoded", urllib.parse.urlencode(pairs).encode())

    def json_of(self, size):
        items = []
        while len(json.dumps(items)) < size:
            items.extend({
                "id": self.random.randint(1, 1_000_000), "name": self.value(), "tags": [self.word() for _ in range(3)],
                "active": self.random.random() < 0.5, "price": round(self.random.random() * 500, 2),
                "address": {"street": f"{self.word().capitalize()} {self.random.randint(1, 200)}", "city": self.word()},
                "note": self.prose(self.random.randint(20, 120)).strip(),
            } for _ in range(max(1, size // 4000)))
        return self.post("application/json", json.dumps({"items": items}).encode())

    def multipart(self, size):
        boundary = f"----WebKitFormBoundary{self.random.getrandbits(64):016x}"
        out = b""
        for name, value in self.pairs(3):
            out += f"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n".encode()
        out += (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{self.word()}.jpg\"\r\n"
                "Content-Type: image/jpeg\r\n\r\n").encode()
        out += self.random.randbytes(size) + f"\r\n--{boundary}--\r\n".encode()
        return self.post(f"multipart/form-data; boundary={boundary}", out)

    def page(self, size):
        out = f"<!doctype html><html><head><title>{self.word()}</title></head><body>"
        while len(out) < size:
            out += f"<h2>{self.word().capitalize()}</h2><p class=\"{self.word()}\">{self.prose(300)}</p>"
        return (out[:size - 14] + "</body></html>").encode()


def rows():
    """Name, what it is, how many transactions, what makes one."""
    def query(make, count):
        return make.get(urllib.parse.urlencode(make.pairs(count)))

    def page(make):
        return dict(query(make, 3), page=make.page(10_000))

    def injection(make):
        pairs = make.pairs(2)
        shape = make.random.choice(INJECTIONS)
        pairs.insert(1, (make.key(), shape.format(n=make.random.randint(1, 999), w=make.word(), v=make.word())))
        return make.get(urllib.parse.urlencode(pairs))

    def cookies(make):
        return make.get(cookies="; ".join(f"{make.key()}{n}={make.value().replace(' ', '_')}" for n in range(40)))

    return [
        ("get", "GET, no arguments", 300, lambda make: make.get()),
        ("get_3", "GET, 3 arguments", 300, lambda make: query(make, 3)),
        ("get_page", "GET, 3 arguments, page of 10 kB", 200, page),
        ("form_8", "form of 8 fields", 200, lambda make: make.form(make.pairs(8))),
        ("form_30", "form of 30 fields", 100, lambda make: make.form(make.pairs(30))),
        ("prose_1k", "one argument, 1 kB of prose", 100, lambda make: make.form([(make.key(), make.prose(1000))])),
        ("prose_10k", "one argument, 10 kB of prose", 40, lambda make: make.form([(make.key(), make.prose(10_000))])),
        ("json_4k", "JSON of 4 kB", 60, lambda make: make.json_of(4000)),
        ("json_100k", "JSON of 100 kB", 4, lambda make: make.json_of(100_000)),
        ("multipart", "multipart with a file of 1 MB", 6, lambda make: make.multipart(1_000_000)),
        ("injection", "GET, SQL injection in one of 3 arguments", 200, injection),
        ("cookies", "GET, 40 cookies", 100, cookies),
    ]


def write(folder):
    """Writes a file for each row into `folder`; gives back name, title, count."""
    made = []
    for name, title, count, make in rows():
        maker = Maker(name)
        with open(folder / f"{name}.transactions", "wb") as out:
            for _ in range(count):
                one = make(maker)
                out.write(f"T {one['line']}\n".encode())
                for header, value in one["head"]:
                    out.write(f"H {header}: {value}\n".encode())
                if one["body"]:
                    out.write(f"B {len(one['body'])}\n".encode() + one["body"] + b"\n")
                page = one.get("page", b"ok")
                kind = "text/html" if "page" in one else "text/plain"
                out.write(f"S 200\nR Content-Type: {kind}; charset=utf-8\nR Content-Length: {len(page)}\n".encode())
                out.write(f"D {len(page)}\n".encode() + page + b"\nE\n")
        made.append((name, title, count))
    return made
