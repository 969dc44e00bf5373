"""Server-sent events: five ticks, each sent when it happens; and again, from where a client left off."""

import sys
import time

from flask import Flask, Response, request

app = Flask(__name__)

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Ticker</title></head>
<body onload="document.body.dataset.loaded = 'yes'">
<h1>Ticker</h1>
<ol id="ticks"></ol>
<script>
  window.arrivals = [];
  const source = new EventSource("/ticks");
  source.addEventListener("tick", (event) => {
    window.arrivals.push({ id: event.lastEventId, text: event.data, at: performance.now() });
    const line = document.createElement("li");
    line.textContent = event.data;
    document.getElementById("ticks").append(line);
    if (window.arrivals.length === 5) source.close();
  });
</script>
</body>
</html>"""


@app.get("/")
def index():
    return PAGE


@app.get("/ticks")
def ticks():
    first = int(request.headers.get("Last-Event-ID", -1)) + 1

    def tell():
        yield ": the stream is open\n\n"
        for number in range(first, 5):
            yield f"id: {number}\nevent: tick\ndata: tick {number}\n\n"
            # After the second tick the connection ends, and the browser comes back for the rest.
            if number == 1:
                yield "retry: 50\n\n"
                return
            time.sleep(0.3)

    return Response(tell(), mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
