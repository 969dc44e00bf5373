// The gate as its clients see it on the wire: what was negotiated, what was added, what was taken away, and what
// is left when the app is gone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import https from "node:https";
import test from "node:test";
import { Scope, startApp, startBrowser, startGate } from "./harness.mjs";

const LIMIT = { timeout: 300_000 };

async function gated(t, name, more = []) {
  const scope = new Scope(t);
  const app = await startApp(scope, name);
  const gate = await startGate(scope, app.upstream, { more });
  const ca = readFileSync(gate.authority);
  const agent = new https.Agent({ keepAlive: true, ca });
  scope.onClose(() => agent.destroy());

  /** A client that adds nothing of its own accord, as curl or an old browser does. */
  const ask = (path, { method = "GET", headers = {}, body } = {}) =>
    new Promise((done, failed) => {
      const request = https.request(`${gate.origin}${path}`, { method, headers, agent }, async (answer) => {
        let text = "";
        for await (const part of answer.setEncoding("utf8")) text += part;
        done({ status: answer.statusCode, headers: answer.headers, text });
      });
      request.on("error", failed);
      request.end(body);
    });
  return { scope, app, gate, ask };
}

const form = { "Content-Type": "application/x-www-form-urlencoded" };
const cookiesOf = ({ headers }) => (headers["set-cookie"] ?? []).map((line) => line.split(";")[0]);

test("a browser agrees on HTTP/2 and a post-quantum key exchange", LIMIT, async (t) => {
  const { scope, gate } = await gated(t, "tutorial");
  const context = await startBrowser(scope, { authorities: [gate.authority] });
  const page = await context.newPage();
  const inspector = await context.newCDPSession(page);
  await inspector.send("Network.enable");
  const first = new Promise((done) => inspector.once("Network.responseReceived", ({ response }) => done(response)));
  await page.goto(gate.origin);
  const { protocol, securityDetails } = await first;
  assert.equal(protocol, "h2");
  assert.equal(securityDetails.protocol, "TLS 1.3");
  assert.equal(securityDetails.keyExchangeGroup, "X25519MLKEM768");
});

test("a page leaves with the headers that protect it, and without the app's banner", LIMIT, async (t) => {
  const { ask, app } = await gated(t, "tutorial", ["--host", "tutorial.example"]);
  const { status, headers } = await ask("/", { headers: { Host: "tutorial.example" } });
  assert.equal(status, 200);
  assert.match(headers["strict-transport-security"], /max-age=31536000/);
  // Other servers of a developer's machine speak plain HTTP under the same name.
  assert.equal((await ask("/")).headers["strict-transport-security"], undefined);
  assert.equal((await ask("/", { headers: { Host: "127.0.0.1" } })).status, 200);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.match(headers["content-security-policy"], /frame-ancestors/);
  for (const name of ["referrer-policy", "permissions-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"]) {
    assert.ok(headers[name], name);
  }
  assert.match((await fetch(app.origin)).headers.get("server"), /Werkzeug/);
  assert.doesNotMatch(headers.server ?? "", /Werkzeug|Python/);
});

test("a client that says nothing of where it comes from gets in by the token in the form, and only so", LIMIT, async (t) => {
  const { ask, gate, app } = await gated(t, "tutorial");
  const page = await ask("/auth/register");
  const jar = cookiesOf(page).join("; ");
  const token = page.text.match(/name="_portcullis_csrf"[^>]*value="([^"]+)"/)?.[1];
  assert.ok(token, page.text);
  const register = (name, more) =>
    ask("/auth/register", {
      method: "POST",
      headers: { ...form, Cookie: `${jar}; session=something` },
      body: new URLSearchParams({ username: name, password: "an honest password", ...more }).toString(),
    });
  assert.equal((await register("without", {})).status, 403);
  assert.equal((await register("forged", { _portcullis_csrf: `${token.slice(0, -4)}AAAA` })).status, 403);
  assert.equal((await gate.refusals(2)).length, 2);
  assert.equal((await register("with", { _portcullis_csrf: token })).status, 302);
  // A fresh token for each page (BREACH), good all the same.
  const again = (await ask("/auth/register", { headers: { Cookie: jar } })).text.match(/_portcullis_csrf"[^>]*value="([^"]+)"/)[1];
  assert.notEqual(again, token);
  assert.equal((await register("again", { _portcullis_csrf: again })).status, 302);
  assert.equal(app.told.err.match(/POST \/auth\/register/g).length, 2);
});

test("a refusal can be looked up by the id on its page", LIMIT, async (t) => {
  const { ask, gate } = await gated(t, "tutorial");
  const refused = await ask("/auth/login", {
    method: "POST",
    headers: { ...form, Cookie: "session=x", Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" },
    body: "username=a&password=b",
  });
  assert.equal(refused.status, 403);
  const [event] = await gate.refusals(1);
  const id = Object.values(event).find((value) => String(value).length > 7 && refused.text.includes(value));
  assert.ok(id, refused.text);
  const told = gate.command("explain", id);
  assert.match(told, /csrf/);
  assert.match(told, /https:\/\/evil\.example|cross-site/);
});

test("an address elsewhere that came with the request is not followed", LIMIT, async (t) => {
  const { ask, app } = await gated(t, "pages");
  // Werkzeug itself writes backslashes and tabs as %5C and %09, so that these forms alone get through it.
  const elsewhere = ["https://evil.example/", "//evil.example", "////evil.example", "https:evil.example", "javascript:alert(1)"];
  for (const next of elsewhere) {
    const path = `/next?next=${encodeURIComponent(next)}`;
    const bare = await fetch(app.origin + path, { redirect: "manual" });
    assert.equal(bare.status, 302, next);
    const { status, headers } = await ask(path);
    assert.ok(status >= 400, `${next}: ${status} ${headers.location}`);
    assert.equal(headers.location, undefined);
  }
  const { status, headers } = await ask("/next?next=/heard");
  assert.equal(status, 302);
  assert.equal(headers.location, "/heard");
});

test("a stack trace stays inside", LIMIT, async (t) => {
  const { ask, app, gate } = await gated(t, "pages");
  assert.match(await (await fetch(`${app.origin}/boom`)).text(), /Traceback \(most recent call last\)/);
  const { status, text } = await ask("/boom");
  assert.equal(status, 500);
  assert.doesNotMatch(text, /Traceback|KeyError|pages\.py/);
  assert.match(JSON.stringify(await gate.refusals(1)), /leak/);
});

test("what a client claims about itself does not reach the app", LIMIT, async (t) => {
  const { ask } = await gated(t, "pages");
  const claims = { "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil.example", "X-Real-IP": "6.6.6.6" };
  const { text } = await ask("/stated", { headers: { ...claims, Forwarded: "for=6.6.6.6;host=evil.example" } });
  const stated = JSON.parse(text);
  assert.equal(stated.scheme, "https");
  assert.equal(stated.forwarded, "127.0.0.1");
  assert.doesNotMatch(text, /6\.6\.6\.6|evil/);
});

test("an app that is down is told apart from one that refuses, and is found again", LIMIT, async (t) => {
  const { ask, app, gate, scope } = await gated(t, "tutorial");
  assert.equal((await ask("/hello")).status, 200);
  await app.terminate();
  const down = await ask("/hello", { headers: { Accept: "text/html" } });
  assert.equal(down.status, 502);
  assert.match(down.headers["content-type"], /text\/html/);
  await startApp(scope, "tutorial", { port: Number(new URL(app.origin).port) });
  assert.equal((await ask("/hello")).text, "Hello, World!");
  assert.deepEqual(await gate.refusals(), []);
});

test("a gate that is asked to end lets what is under way come through", LIMIT, async (t) => {
  const { ask, gate } = await gated(t, "pages");
  const slow = ask("/pieces");
  await new Promise((soon) => setTimeout(soon, 300));
  const status = gate.terminate();
  assert.match((await slow).text, /piece 2/);
  assert.equal(await status, 0);
});

test("markup that runs a script and SQL that changes a query are refused in a card's text", LIMIT, async (t) => {
  const { gate, ask } = await gated(t, "board");
  const headers = { "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin" };
  const send = (text) => ask("/api/session", { method: "POST", headers, body: JSON.stringify({ name: text }) });
  assert.equal((await send("Lin <lin@notes.example> & \"friends\"")).status, 403, "the app's own: no token");
  assert.equal((await gate.refusals()).length, 0);
  for (const attack of ["<img src=x onerror=alert(1)>", "x' UNION SELECT name, password FROM users--"]) {
    const { status, text } = await send(attack);
    assert.equal(status, 403);
    assert.doesNotMatch(text, /the token does not match/);
  }
  assert.deepEqual((await gate.refusals(2)).map((event) => event["portcullis.layer"]), ["gate", "gate"]);
});
