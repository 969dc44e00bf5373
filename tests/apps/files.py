"""Files up and down: a multipart form, several files at once, a PUT by a script, ranges, 20 MB each way."""

import hashlib
import io
import sys

from flask import Flask, abort, redirect, render_template_string, request, send_file, url_for

app = Flask(__name__)
files = {}

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Files</title></head>
<body>
<h1>Files</h1>
<form method="post" action="/upload" enctype="multipart/form-data">
  <label>Note <input name="note"></label>
  <input type="file" name="file" multiple>
  <button id="upload">Upload</button>
</form>
<ul>
{% for name, file in files.items() %}
  <li><a href="{{ url_for('download', name=name) }}" download>{{ name }}</a>
    <code class="size">{{ file.bytes|length }}</code> <code class="hash">{{ file.hash }}</code> <i>{{ file.note }}</i></li>
{% endfor %}
</ul>
</body>
</html>"""


def keep(name, content, note=""):
    files[name] = {"bytes": content, "hash": hashlib.sha256(content).hexdigest(), "note": note}


@app.get("/")
def index():
    return render_template_string(PAGE, files=files)


@app.post("/upload")
def upload():
    for file in request.files.getlist("file"):
        keep(file.filename, file.read(), request.form["note"])
    return redirect(url_for("index"))


@app.put("/raw/<name>")
def put(name):
    keep(name, request.get_data())
    return {"hash": files[name]["hash"]}, 201


@app.get("/download/<name>")
def download(name):
    if name not in files:
        abort(404)
    # A stream, so that Werkzeug answers conditional requests and ranges as it does for files on disk.
    return send_file(
        io.BytesIO(files[name]["bytes"]),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=name,
        etag=files[name]["hash"],
        max_age=60,
    )


@app.get("/stream/<int:megabytes>")
def stream(megabytes):
    """A body of unknown length, in chunks."""
    block = bytes(range(256)) * 256
    return app.response_class((block for _ in range(16 * megabytes)), mimetype="application/octet-stream")


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
