"""A JSON API and a page that works by `fetch` alone. The API asks for the double-submit token that axios and
Angular send: the value of the cookie `XSRF-TOKEN`, which the page's script must be able to read."""

import secrets
import sys
from functools import wraps

from flask import Flask, Response, abort, jsonify, request, session

app = Flask(__name__)
app.config["SECRET_KEY"] = "a key for tests only"
cards = {}

PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Board</title>
  <link rel="stylesheet" href="/board.css">
  <script type="module" src="/board.js"></script>
</head>
<body>
<h1 style="letter-spacing: 1px">Board</h1>
<form id="enter"><input name="name" placeholder="your name"><button>Enter</button></form>
<form id="add"><input name="text" placeholder="a card"><button>Add</button></form>
<ul id="cards"></ul>
<p id="status"></p>
<button id="leave" onclick="leave()">Leave</button>
<script>
  window.leave = async () => { await call("DELETE", "/api/session"); show("left"); };
</script>
</body>
</html>"""

SCRIPT = """
const cookie = (name) => document.cookie.split("; ").find((c) => c.startsWith(name + "="))?.slice(name.length + 1);
window.show = (text) => { document.getElementById("status").textContent = text; };
window.call = async (method, path, body) => {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-XSRF-TOKEN"] = cookie("XSRF-TOKEN") ?? "";
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const value = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) { show(answer.status + ": " + value.error); throw new Error(value.error); }
  return value;
};
const draw = async () => {
  const list = document.getElementById("cards");
  list.replaceChildren(...(await call("GET", "/api/cards")).map(({ id, text, done }) => {
    const line = document.createElement("li");
    line.id = "card-" + id;
    line.textContent = text + (done ? " (done)" : "");
    line.onclick = async () => { await call("PATCH", "/api/cards/" + id, { done: !done }); await draw(); };
    line.ondblclick = null;
    const bin = document.createElement("button");
    bin.textContent = "delete";
    bin.onclick = async (event) => { event.stopPropagation(); await call("DELETE", "/api/cards/" + id); await draw(); };
    line.append(bin);
    return line;
  }));
};
const field = (event) => { event.preventDefault(); return Object.fromEntries(new FormData(event.target)); };
document.getElementById("enter").onsubmit = async (event) => {
  const { name } = await call("POST", "/api/session", field(event));
  show("hello " + name);
  await draw();
};
document.getElementById("add").onsubmit = async (event) => {
  const sent = field(event);
  try { await call("POST", "/api/cards", sent); await draw(); show("added"); } catch {}
};
document.body.dataset.ready = "yes";
"""


def signed_in(view):
    @wraps(view)
    def checked(*args, **kwargs):
        if "name" not in session:
            return jsonify(error="please enter first"), 401
        return view(*args, **kwargs)

    return checked


@app.before_request
def double_submit():
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return None
    cookie = request.cookies.get("XSRF-TOKEN", "")
    if not cookie or not secrets.compare_digest(cookie, request.headers.get("X-XSRF-TOKEN", "")):
        return jsonify(error="the token does not match"), 403
    return None


@app.get("/")
def index():
    answer = Response(PAGE, mimetype="text/html")
    answer.set_cookie("XSRF-TOKEN", secrets.token_urlsafe(24))
    return answer


@app.get("/board.js")
def script():
    return Response(SCRIPT, mimetype="text/javascript")


@app.get("/board.css")
def style():
    return Response("li { cursor: pointer }", mimetype="text/css")


@app.post("/api/session")
def enter():
    session["name"] = request.get_json()["name"]
    return {"name": session["name"]}


@app.delete("/api/session")
def leave():
    session.clear()
    return "", 204


@app.get("/api/cards")
@signed_in
def listed():
    return jsonify([{"id": key, **card} for key, card in cards.items()])


@app.post("/api/cards")
@signed_in
def add():
    text = request.get_json().get("text", "").strip()
    if not text:
        return jsonify(error="a card needs a text"), 422
    key = len(cards) + 1
    cards[key] = {"text": text, "done": False}
    return {"id": key}, 201


@app.patch("/api/cards/<int:key>")
@signed_in
def change(key):
    if key not in cards:
        abort(404)
    cards[key].update(request.get_json())
    return {"id": key, **cards[key]}


@app.delete("/api/cards/<int:key>")
@signed_in
def remove(key):
    cards.pop(key, None)
    return "", 204


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
