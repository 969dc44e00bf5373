"""The backend and the three proxies in front of it, each started from a config written here."""

import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
PATHS = os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin"
PROXY_CORE, LOAD_CORE = "0", "1"


def page(forms=10, size=50_000):
    """A page of `size` bytes with `forms` forms, as a shop or a forum has them."""
    head = "<!doctype html><html><head><meta charset=utf-8><title>Orders</title>" \
           "<link rel=stylesheet href=/s.css><script src=/a.js></script></head><body>\n"
    row = "<tr class=\"row\"><td><a href=\"/orders/{n}\">Order {n}</a></td><td>Paid &amp; sent</td>" \
          "<td><img src=\"/i/{n}.png\" alt=\"\"></td></tr>\n"
    form = "<form action=\"/orders/{n}/note\" method=\"post\"><label>Note <input name=\"note\"></label>" \
           "<button>Save</button></form>\n"
    parts, n = [head], 0
    each = (size - len(head) - forms * len(form)) // forms
    for number in range(forms):
        part = "<table>"
        while len(part) < each - 8:
            part += row.format(n=n)
            n += 1
        parts += [part + "</table>", form.format(n=number)]
    return "".join(parts) + "</body></html>\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}: {process.args}")


class Server:
    """A process pinned to one core (or more), with what it has used so far."""

    def __init__(self, name, command, ports, cores, log):
        self.name, self.ports = name, ports
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                ["taskset", "-c", cores, *command], stdout=out, stderr=out,
                env={**os.environ, "PATH": PATHS, "RUST_LOG": "error"})
        for port in ports.values():
            wait_for(port, self.process)

    def pids(self):
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                todo += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except OSError:
                pass
        return found

    def cpu(self):
        """Seconds of CPU, the process and its children, from /proc/PID/stat."""
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def rss(self):
        """Resident bytes. The pages that nginx's processes share count once in each."""
        pages = sum(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class World:
    """A folder with certificate, files and configs; servers are started from it."""

    def __init__(self, folder, gateway):
        self.folder, self.gateway = pathlib.Path(folder), gateway
        # Without a word, nginx before 1.23.4 leaves TLS 1.3 out, and would be measured at another handshake.
        self.tls = "TLSv1.2 TLSv1.3"
        # All the load comes from one address here, as no site's does.
        self.listen = "connections_per_client = 20000"
        # nginx drops to a user of its own when root starts it.
        self.folder.chmod(0o755)
        self.files = self.folder / "www"
        self.files.mkdir()
        (self.files / "1k.txt").write_text("x" * 1023 + "\n")
        (self.files / "page.html").write_text(page())
        with open(self.files / "1g.bin", "wb") as big:
            big.truncate(1 << 30)
        for tool in (["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                      "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],):
            subprocess.run(["openssl", *tool], cwd=self.folder, check=True, capture_output=True)
        both = (self.folder / "cert.pem").read_text() + (self.folder / "key.pem").read_text()
        (self.folder / "both.pem").write_text(both)
        self.backend_port = free_port()

    def start(self, name, command, ports, cores):
        return Server(name, command, ports, cores, self.folder / f"{name}.log")

    def nginx_config(self, name, http, processes=1):
        path = self.folder / f"{name}.conf"
        path.write_text(f"""
daemon off; pid {self.folder}/{name}.pid; worker_processes {processes}; error_log stderr crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 15000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; types {{ text/html html; text/plain txt; }}
  default_type application/octet-stream; server_tokens off;
  client_body_temp_path {self.folder}/{name}-body; proxy_temp_path {self.folder}/{name}-proxy;
  fastcgi_temp_path {self.folder}/{name}-f; uwsgi_temp_path {self.folder}/{name}-u;
  scgi_temp_path {self.folder}/{name}-s;
  {http}
}}
""")
        return ["nginx", "-c", str(path), "-p", str(self.folder)]

    def backend(self):
        config = f"sendfile on; server {{ listen 127.0.0.1:{self.backend_port} backlog=4096; root {self.files}; }}"
        return self.start("backend", self.nginx_config("backend", config), {"plain": self.backend_port}, LOAD_CORE)

    def nginx(self, cores=PROXY_CORE):
        plain, tls = free_port(), free_port()
        config = f"""
  upstream app {{ server 127.0.0.1:{self.backend_port}; keepalive 128; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{plain} backlog=4096; listen 127.0.0.1:{tls} ssl http2 backlog=4096;
    ssl_certificate {self.folder}/cert.pem; ssl_certificate_key {self.folder}/key.pem;
    ssl_protocols {self.tls};
    location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; }}
  }}"""
        command = self.nginx_config("nginx", config, len(cores.split(",")))
        return self.start("nginx", command, {"plain": plain, "tls": tls}, cores)

    def haproxy(self, cores=PROXY_CORE):
        plain, tls = free_port(), free_port()
        path = self.folder / "haproxy.cfg"
        path.write_text(f"""
global
  nbthread {len(cores.split(","))}
  maxconn {min(15000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2)}
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend front
  bind 127.0.0.1:{plain} backlog 4096
  bind 127.0.0.1:{tls} ssl crt {self.folder}/both.pem alpn h2,http/1.1 backlog 4096
  default_backend app
backend app
  server one 127.0.0.1:{self.backend_port}
""")
        return self.start("haproxy", ["haproxy", "-f", str(path)], {"plain": plain, "tls": tls}, cores)

    def portcullis(self, cores=PROXY_CORE, more=""):
        plain, tls = free_port(), free_port()
        path = self.folder / "portcullis.toml"
        path.write_text(f"""
upstream = "http://127.0.0.1:{self.backend_port}"
{more}
[listen]
https = "127.0.0.1:{tls}"
dangerous_plain = "127.0.0.1:{plain}"
threads = {len(cores.split(","))}
{self.listen}
[timeouts]
idle = "300 s"
[[tls.certificate]]
chain = "cert.pem"
key = "key.pem"
""")
        command = [self.gateway, "run", "--policy", str(path), "--data-dir", str(self.folder / "state")]
        return self.start("portcullis", command, {"plain": plain, "tls": tls}, cores)


