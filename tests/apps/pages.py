"""What pages of the wild do, gathered in one app: inline handlers and styles, `eval`, workers, frames, popups,
beacons, fragments, forms that are not plain, old charsets, compression, pages sent piece by piece, cookies of
every kind."""

import gzip
import json
import sys
import time
import traceback
import zlib

from flask import Flask, Response, make_response, redirect, request

app = Flask(__name__)
heard = []

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

INDEX = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Pages</title>
<style>.red {{ color: rgb(255, 0, 0) }}</style>
<script src="/early.js"></script>
<script defer src="/late.js"></script>
<script type="application/json" id="data">{{"a": "</scr\\u0069pt>"}}</script>
</head>
<body onload="done.onload = true">
<!-- <form method="post"> in a comment is no form -->
<h1 class="red" style="margin-left: 7px">Pages</h1>
<p id="handler" onclick="done.onclick = this.textContent">click me</p>
<a id="link" href="javascript:void(done.link = true)">a link that runs</a>
<img id="pixel" src="{PIXEL}" alt="" onload="done.image = true">
<img src="/missing.png" alt="" onerror="done.onerror = true">
<svg width="20" height="20"><circle cx="10" cy="10" r="9" style="fill: green"/></svg>
<iframe name="inner" src="/inner" width="200" height="80"></iframe>
<iframe srcdoc="<p>from srcdoc</p><script>parent.done.srcdoc = true</script>" width="200" height="40"></iframe>
<template><form method="post" action="/say"><input name="text" value="from a template"></form></template>
<script>
  done.inline = true;
  done.data = JSON.parse(document.getElementById("data").textContent).a;
  done.eval = eval("6 * 7");
  done.made = new Function("return 'made'")();
  document.write('<form method="post" action="/say" id="written"><input name="text" value="written by a script"><button>go</button></form>');
  new Worker(URL.createObjectURL(new Blob(["postMessage('blob worker')"]))).onmessage = (e) => {{ done.blobWorker = e.data; }};
  new Worker("/worker.js").onmessage = (e) => {{ done.worker = e.data; }};
  const style = document.createElement("style");
  style.textContent = "h1 {{ padding-left: 3px }}";
  document.head.append(style);
  setTimeout("done.timer = true", 1);
</script>
</body>
</html>"""

FORMS = """<!doctype html>
<title>Forms</title>
<form id="plain" method="post" action="/say"><input name="text" value="plain"><button>go</button></form>
<form id="upper" METHOD=POST ACTION='/say'><textarea name=text>unquoted, upper case</textarea><button>go</button></form>
<form id="multi" method="post" action="/say" enctype="multipart/form-data"><input name="text" value="ümläut &amp; more"><button>go</button></form>
<form id="text" method="post" action="/raw" enctype="text/plain"><input name="text" value="as plain text"><button>go</button></form>
<form id="button" method="get" action="/nowhere"><input name="text" value="by its button"><button formmethod="post" formaction="/say">go</button></form>
<form id="outside" method="post" action="/say"></form>
<input form="outside" name="text" value="from outside"><button form="outside" id="outside-button">go</button>
<form id="many" method="post" action="/count"><button>go</button></form>
<form id="search" method="get" action="/search"><input name="q" value="1 + 1 = 2 & <more>"><button>go</button></form>
<form id="self" method="post"><input name="text" value="to itself"><button>go</button></form>
<form id="order" method="post" action="/order"><input name="b" value="1"><input name="a" value="2"><input name="b" value=""><button name="do" value="it">go</button></form>
<script>
  const many = document.getElementById("many");
  for (let n = 0; n < 300; n++) many.append(Object.assign(document.createElement("input"), { type: "hidden", name: "f" + n, value: n }));
</script>
"""


def html(body, **more):
    return Response(body, mimetype="text/html", **more)


@app.get("/")
def index():
    return INDEX


@app.get("/early.js")
def early():
    return Response("window.done = {}; window.heard = [];", mimetype="application/javascript")


@app.get("/late.js")
def late():
    return Response("done.deferred = true", mimetype="text/javascript")


@app.get("/worker.js")
def worker():
    return Response("postMessage('worker')", mimetype="text/javascript")


@app.get("/inner")
def inner():
    return html("<!doctype html><title>Inner</title><p>inner<script>parent.done.frame = document.title</script>")


@app.get("/popup")
def popup():
    return html("<!doctype html><title>Popup</title><script>opener.postMessage('from the popup', '*'); close()</script>")


@app.get("/forms")
@app.post("/forms")
def forms():
    if request.method == "POST":
        heard.append(request.form.to_dict(flat=False))
        return redirect("/heard", 303)
    return FORMS


@app.post("/say")
def say():
    heard.append(request.form.to_dict(flat=False))
    return redirect("/heard")


@app.post("/raw")
def raw():
    heard.append(request.get_data(as_text=True))
    return redirect("/heard", 303)


@app.post("/order")
def order():
    heard.append(request.get_data(as_text=True))
    return redirect("/heard", 303)


@app.post("/count")
def count():
    heard.append(len(request.form))
    return redirect("/heard", 303)


@app.post("/json")
def take_json():
    heard.append(request.get_json())
    return {"heard": len(heard)}


@app.get("/heard")
def tell():
    return html(f"<!doctype html><title>Heard</title><pre id=heard>{json.dumps(heard).replace('<', '&lt;')}</pre>")


@app.get("/search")
def search():
    return {"q": request.args["q"], "raw": request.query_string.decode()}


@app.get("/echo-path/<path:path>")
def echo_path(path):
    return {"path": path, "raw": request.environ.get("RAW_URI", request.environ.get("REQUEST_URI"))}


@app.get("/fragment")
def fragment():
    return html('<form method="post" action="/say" id="fetched"><input name="text" value="fetched"><button>go</button></form>')


@app.get("/zipped/<coding>")
def zipped(coding):
    page = b"<!doctype html><title>Zipped</title><form method=post action=/say><p id=p>zipped " + b"x" * 5000 + b"</form>"
    packed = gzip.compress(page) if coding == "gzip" else zlib.compress(page)
    return html(packed, headers={"Content-Encoding": coding})


@app.get("/charset/<name>")
def charset(name):
    page = f"<!doctype html><title>Grüße</title><form method=post action=/say><p id=p>Grüße aus {name}</form>"
    return Response(page.encode(name), content_type=f"text/html; charset={name}")


@app.get("/meta-charset")
def meta_charset():
    page = "<!doctype html><meta charset=windows-1252><title>Grüße</title><form method=post><p id=p>Grüße – „so“</form>"
    return Response(page.encode("windows-1252"), content_type="text/html")


@app.get("/pieces")
def pieces():
    def parts():
        yield "<!doctype html><title>Pieces</title><script>window.times = [performance.now()]</script>" + " " * 1024
        for number in range(3):
            time.sleep(0.4)
            yield f"<p class=piece>piece {number}<script>times.push(performance.now())</script>" + " " * 1024

    return html(parts())


@app.get("/long")
def long():
    row = "<tr><td>cell</td><td><form method=post action=/say><input name=text value=row></form></td></tr>\n"
    return html("<!doctype html><title>Long</title><table>" + row * 20_000 + "</table><p id=end>the end</p>")


@app.get("/cut-short")
def cut_short():
    return html("<!doctype html><title>Cut</title><p id=p>some text<form method=post action=/say><input name=text val")


@app.get("/empty")
def empty():
    return html("")


@app.get("/not-html")
def not_html():
    return Response("<form method=post> is text here", content_type="text/plain; charset=utf-8")


@app.get("/cookies/set")
def set_cookies():
    answer = make_response(redirect("/cookies/got"))
    answer.set_cookie("theme", "dark mode", path="/", max_age=3600)
    answer.set_cookie("session", "abc=def==", httponly=True)
    answer.set_cookie("narrow", "1", path="/cookies")
    answer.set_cookie("strict", "1", samesite="Strict")
    answer.set_cookie("csrftoken", "readable")
    answer.headers.add("Set-Cookie", 'quoted="a b, c"; Path=/')
    answer.delete_cookie("gone")
    return answer


@app.get("/cookies/got")
def got_cookies():
    return html(f"<!doctype html><title>Cookies</title><pre id=got>{json.dumps(dict(sorted(request.cookies.items())))}</pre>")


@app.get("/out")
def out():
    """A link to a partner, written in the program and not taken from the request."""
    return redirect(f"http://127.0.0.1:{sys.argv[1]}/welcome")


@app.get("/welcome")
def welcome():
    return html("<!doctype html><title>Partner</title>")


@app.get("/here")
def here():
    """An absolute address of this site, made from the Host header as older frameworks do."""
    return redirect(f"{request.scheme}://{request.host}/heard")


@app.get("/next")
def follow():
    return redirect(request.args["next"])


@app.get("/stated")
def stated():
    return {
        "scheme": request.headers.get("X-Forwarded-Proto"),
        "host": request.host,
        "forwarded": request.headers.get("X-Forwarded-For"),
    }


@app.get("/teapot")
def teapot():
    return html("<!doctype html><title>Teapot</title><p id=p>I'm a teapot", status=418)


@app.get("/boom")
def boom():
    """An error page as a careless handler writes it."""
    try:
        {}["secret_key"]
    except KeyError:
        return html(f"<!doctype html><title>Error</title><pre>{traceback.format_exc()}</pre>", status=500)


@app.get("/basic")
def basic():
    if request.authorization is None:
        return Response("who?", 401, {"WWW-Authenticate": 'Basic realm="pages"'})
    return {"user": request.authorization.username}


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
