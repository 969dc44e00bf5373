"""Pages from which a content security policy is to be learned: what stands in the markup, what scripts do by
themselves, what is the same on every visit and what is not."""

import itertools
import sys

from flask import Flask, Response, request

app = Flask(__name__)
visits = itertools.count()

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def page(title, body):
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="/style.css"></head><body><h1>{title}</h1>{body}</body></html>"""


@app.get("/")
def index():
    return page(
        "Learned",
        f"""<p id="told">nothing yet</p><img id="pixel" src="{PIXEL}" alt="">
<button id="press" onclick="document.getElementById('told').textContent = 'pressed'">press</button>
<form method="post" action="/say"><input name="text" value="hello"><button id="say">say</button></form>
<script>
fetch("/api").then((answer) => answer.json()).then(({{ said }}) => {{
  document.getElementById("told").textContent = said;
}});
</script>
<script src="/script.js"></script>""",
    )


@app.get("/cart")
def cart():
    return page("Cart", f"<script>window.visit = {next(visits)};</script>")


@app.post("/say")
def say():
    return page("Said", f"<p id='said'>{len(request.form['text'])} letters</p>")


@app.get("/api")
def api():
    return {"said": "fetched"}


@app.get("/favicon.ico")
def icon():
    return Response("<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml")


@app.get("/style.css")
def style():
    return Response("h1 { color: rgb(0, 128, 0) }", content_type="text/css")


@app.get("/script.js")
def script():
    # What no markup tells: a worker from a blob, and a picture that a script draws.
    text = """const made = URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" }));
new Worker(made).onmessage = () => { document.body.dataset.worker = "ran"; };"""
    return Response(text, content_type="text/javascript")


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
