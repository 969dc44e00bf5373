"""A WebSocket that says back what it hears, text and bytes, and closes when asked, with a code of its own.

Served by gunicorn: Flask's own server writes an HTTP response after the last frame, which browsers complain of."""

import os
import sys

from flask import Flask
from flask_sock import Sock

app = Flask(__name__)
sock = Sock(app)

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Echo</title></head>
<body>
<h1>Echo</h1>
<script>
  // Runs one conversation and tells all that was heard; `url` may be another server's.
  window.talk = (url, messages) => new Promise((done) => {
    const heard = [];
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const say = () => socket.send(messages[heard.length] ?? "close");
    socket.onopen = say;
    socket.onmessage = ({ data }) => {
      heard.push(typeof data === "string" ? data : "bytes:" + new Uint8Array(data).reduce((a, b) => a + b, 0) + "/" + data.byteLength);
      say();
    };
    socket.onclose = ({ code, reason, wasClean }) => done({ heard, code, reason, wasClean });
  });
</script>
</body>
</html>"""


@app.get("/")
def index():
    return PAGE


@sock.route("/echo")
def echo(ws):
    while True:
        message = ws.receive()
        if message == "close":
            ws.close(4001, "as you wish")
            return
        ws.send(message)


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    bind = f"127.0.0.1:{sys.argv[1]}"
    arguments = ["--threads", "20", "--bind", bind, "--chdir", here, "--worker-tmp-dir", sys.argv[2], "echo:app"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])
