// Starts what a test needs (an app, the gate in front of it, a browser that trusts the gate) on free ports,
// and stops it again. Nothing here judges; `compare.mjs` does.

import { spawn, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, existsSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const tests = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
export const cache = path.join(tests, ".cache");
const python = path.join(cache, "venv/bin/python");
const portcullis = process.env.PORTCULLIS ?? path.join(tests, "../target/debug/portcullis");

const WAIT = 60_000;

/** Everything a test started, stopped in reverse when the test ends. */
export class Scope {
  #undo = [];

  constructor(t) {
    t.after(() => this.close());
  }

  onClose(undo) {
    this.#undo.push(undo);
  }

  async close() {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }

  /** A directory of its own, removed at the end. */
  directory() {
    const made = mkdtempSync(path.join(tmpdir(), "portcullis-test-"));
    this.onClose(() => rmSync(made, { recursive: true, force: true, maxRetries: 5 }));
    return made;
  }
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

function launch(scope, command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const told = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (told.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (told.err += text));
  child.on("error", (error) => (told.err += `\n${error}`));
  const ended = new Promise((done) => child.once("close", done));
  scope.onClose(async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid) child.kill("SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(patience);
  });
  return { child, told, ended, command: [command, ...args].join(" ") };
}

async function until(running, ready) {
  const deadline = Date.now() + WAIT;
  for (;;) {
    const found = await ready();
    if (found) return found;
    const { child, told, command } = running;
    if (child.exitCode !== null || child.signalCode !== null || !child.pid || Date.now() > deadline) {
      throw new Error(`not ready: ${command}\n${told.out}\n${told.err}`);
    }
    await new Promise((again) => setTimeout(again, 50));
  }
}

const answers = (port) =>
  new Promise((done) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => done(socket.destroy() && true));
    socket.once("error", () => done(false));
  });

/** Starts one of `tests/apps` (or Flask's tutorial) with a fresh database. */
export async function startApp(scope, name, { port } = {}) {
  port ??= await freePort();
  const home = scope.directory();
  const env = { ...process.env, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" };
  let running;
  if (name === "tutorial") {
    cpSync(path.join(cache, "tutorial/flaskr"), path.join(home, "flaskr"), { recursive: true });
    const flask = ["-m", "flask", "--app", "flaskr"];
    execFileSync(python, [...flask, "init-db"], { cwd: home, env, stdio: "pipe" });
    running = launch(scope, python, [...flask, "run", "--port", `${port}`], { cwd: home, env });
  } else {
    running = launch(scope, python, [path.join(tests, "apps", `${name}.py`), `${port}`, home], { cwd: home, env });
  }
  await until(running, () => answers(port));
  return {
    origin: `http://localhost:${port}`,
    upstream: `http://127.0.0.1:${port}`,
    told: running.told,
    async terminate() {
      running.child.kill("SIGTERM");
      await running.ended;
    },
  };
}

/** A mail server that keeps what it is sent. */
export async function startMail(scope) {
  const [port, home] = [await freePort(), scope.directory()];
  const running = launch(scope, python, [path.join(tests, "apps/mailbox.py"), `${port}`, home], {
    env: { ...process.env, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
  });
  await until(running, () => answers(port));
  const file = path.join(home, "letters.jsonl");
  const letters = () =>
    existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
  /** The newest letter that is meant, once it has come. */
  const wait = (meant) => until(running, () => letters().reverse().find(meant));
  return {
    port,
    letters,
    wait,
    /** The link to this page in the newest letter to this address; each is given once. */
    async link(to, page) {
      const link = (letter) => letter.text.match(/https:\/\/\S+\?token=\S+/)?.[0] ?? "";
      const fresh = (letter) => letter.to.includes(to) && link(letter).includes(`/.portcullis/${page}?`) && !given.has(link(letter));
      const found = link(await wait(fresh));
      given.add(found);
      return found;
    },
  };
}

const given = new Set();

/** Puts the gate in front of `upstream`, with its defaults. */
export async function startGate(scope, upstream, { https = 0, http = 0, more = [] } = {}) {
  if (!existsSync(portcullis)) throw new Error(`${portcullis} is not there; \`make test-browser\` builds it`);
  const data = scope.directory();
  const listen = ["--https", `127.0.0.1:${https}`, "--http", `127.0.0.1:${http}`];
  const running = launch(
    scope,
    portcullis,
    ["run", "--upstream", upstream, ...listen, "--data-dir", data, "--log", "json", ...more],
    { cwd: data },
  );
  const ready = await until(running, () =>
    running.told.out
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
      .find(({ event }) => event === "ready"),
  );
  const port = (addresses) => Number(String([addresses].flat()[0]).match(/:(\d+)\/?$/)[1]);
  const log = path.join(data, "events.jsonl");
  /** What the gate wrote down, one object a line. */
  const events = () =>
    existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
  return {
    origin: `https://localhost:${port(ready.https)}`,
    plain: `http://localhost:${port(ready.http)}`,
    authority: path.join(data, "dev-ca/ca.pem"),
    data,
    told: running.told,
    /** Asks it to end and gives its exit status. */
    async terminate() {
      running.child.kill("SIGTERM");
      await running.ended;
      return running.child.exitCode;
    },
    /** What another command of the same program says about this gate's data. */
    command: (...args) => execFileSync(portcullis, [...args, "--data-dir", data], { encoding: "utf8", stdio: "pipe" }),
    events,
    /** Makes an account, by the command for it. */
    add: (email, password, ...more) =>
      execFileSync(portcullis, ["user", "add", email, "--password-stdin", "--data-dir", data, ...more], {
        input: password,
        encoding: "utf8",
        stdio: "pipe",
        cwd: data,
      }),
    /** The refusals, once there are so many: the log is written a moment after the answer. */
    async refusals(atLeast = 0) {
      const found = () => events().filter((event) => /"(would_)?refused?"/.test(JSON.stringify(event)));
      for (const deadline = Date.now() + 5_000; found().length < atLeast && Date.now() < deadline; ) {
        await new Promise((again) => setTimeout(again, 50));
      }
      return found();
    },
  };
}

/**
 * A new Chromium with an empty profile, whose user trusts the given certificate authorities and no others
 * beyond the usual. Certificates are really verified.
 */
export async function startBrowser(scope, { authorities = [] } = {}) {
  const home = scope.directory();
  const trust = path.join(home, ".pki/nssdb");
  mkdirSync(trust, { recursive: true });
  const certutil = (...args) => execFileSync("certutil", ["-d", `sql:${trust}`, ...args], { stdio: "pipe" });
  certutil("-N", "--empty-password");
  authorities.forEach((file, n) => certutil("-A", "-t", "C,,", "-n", `authority ${n}`, "-i", file));
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: "" },
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Reports of policies are sent at once instead of once a minute.
      "--short-reporting-delay",
    ],
  });
  scope.onClose(() => browser.close());
  const context = await browser.newContext({ acceptDownloads: true });
  context.setDefaultTimeout(30_000);
  return context;
}
