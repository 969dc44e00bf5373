// What a foreign page can do to the user of an app, in a real browser: each attack must succeed on the bare app
// (else it proves nothing) and fail behind the gate.

import assert from "node:assert/strict";
import http from "node:http";
import path from "node:path";
import test from "node:test";
import { cache, Scope, startApp, startBrowser, startGate } from "./harness.mjs";

const LIMIT = { timeout: 300_000 };

/** A page of the attacker's, on a port of its own. */
async function foreignPage(scope, html) {
  const server = http.createServer((_, answer) => answer.setHeader("Content-Type", "text/html; charset=utf-8").end(html));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  scope.onClose(() => new Promise((done) => (server.close(done), server.closeAllConnections())));
  return server.address().port;
}

const autoSubmit = (action, fields, more = "") =>
  `<!doctype html><title>A prize</title><form method="post" action="${action}" ${more}>` +
  Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join("") +
  `</form><script>document.forms[0].submit()</script>`;

/** Signs up and in at Flask's tutorial app. */
async function signIn(page, origin) {
  for (const step of ["register", "login"]) {
    await page.goto(`${origin}/auth/${step}`);
    await page.fill("#username", "victim");
    await page.fill("#password", "an honest password");
    await page.click("input[type=submit]");
  }
  await page.locator("nav span", { hasText: "victim" }).waitFor();
}

async function tutorial(t, { gated }) {
  const scope = new Scope(t);
  const app = await startApp(scope, "tutorial");
  const gate = gated && (await startGate(scope, app.upstream));
  const context = await startBrowser(scope, { authorities: gate ? [gate.authority] : [] });
  const page = await context.newPage();
  const origin = gate ? gate.origin : app.origin;
  const titles = async () => {
    await page.goto(origin);
    return page.locator("article h1").allTextContents();
  };
  return { scope, app, gate, context, page, origin, titles };
}

const forged = { title: "forged", body: "by another page" };

for (const gated of [false, true]) {
  const where = gated ? "fails behind the gate" : "succeeds on the bare app";

  test(`a form posted by another port of the same host ${where}`, LIMIT, async (t) => {
    const { scope, page, origin, titles, gate } = await tutorial(t, { gated });
    await signIn(page, origin);
    const port = await foreignPage(scope, autoSubmit(`${origin}/create`, forged));
    const answered = page.waitForResponse((response) => response.url() === `${origin}/create`);
    await page.goto(`http://localhost:${port}/`);
    const status = (await answered).status();
    if (gated) {
      assert.equal(status, 403);
      const [refusal] = await gate.refusals(1);
      assert.match(JSON.stringify(refusal), /csrf/);
      await page.waitForLoadState();
      await page.screenshot({ path: path.join(cache, "refusal.png"), fullPage: true });
      const text = await page.locator("body").innerText();
      assert.ok(Object.values(refusal).some((value) => String(value).length > 7 && text.includes(value)), `no id on the page: ${text}`);
      assert.deepEqual(await titles(), []);
    } else {
      assert.equal(status, 302);
      assert.deepEqual(await titles(), ["forged"]);
    }
  });

  test(`signing the victim in as somebody else ${where}`, LIMIT, async (t) => {
    const { scope, page, origin } = await tutorial(t, { gated });
    await signIn(page, origin);
    await page.goto(`${origin}/auth/logout`);
    const port = await foreignPage(scope, autoSubmit(`${origin}/auth/login`, { username: "victim", password: "an honest password" }));
    const answered = page.waitForResponse((response) => response.url() === `${origin}/auth/login`);
    await page.goto(`http://127.0.0.1:${port}/`);
    assert.equal((await answered).status(), gated ? 403 : 302);
    await page.goto(origin);
    assert.equal(await page.locator("nav span").count(), gated ? 0 : 1);
  });

  test(`framing the app ${where}`, LIMIT, async (t) => {
    const { scope, page, origin } = await tutorial(t, { gated });
    const port = await foreignPage(scope, `<!doctype html><title>Frame</title><iframe src="${origin}/" width="600" height="300"></iframe>`);
    await page.goto(`http://localhost:${port}/`);
    await page.waitForTimeout(500);
    const [, frame] = page.frames();
    const shown = await frame.evaluate(() => document.title).catch(() => "");
    assert.equal(shown === "Posts - Flaskr", !gated, shown);
  });
}

test("a sibling origin over HTTPS, for which the browser sends the cookies, cannot post", LIMIT, async (t) => {
  const { scope, app, gate, titles } = await tutorial(t, { gated: true });
  // The attacker's site has a good certificate as well: it stands behind a gate of its own.
  const port = await foreignPage(scope, autoSubmit(`${gate.origin}/create`, forged, 'enctype="text/plain"'));
  const evil = await startGate(scope, `http://127.0.0.1:${port}`);
  const context = await startBrowser(scope, { authorities: [gate.authority, evil.authority] });
  const page = await context.newPage();
  await signIn(page, gate.origin);
  let cookies;
  page.on("request", async (request) => {
    if (request.method() === "POST" && request.url() === `${gate.origin}/create`) cookies = (await request.allHeaders()).cookie;
  });
  const answered = page.waitForResponse((response) => response.url() === `${gate.origin}/create`);
  await page.goto(evil.origin);
  assert.equal((await answered).status(), 403);
  assert.match(cookies, /session=/, "the attack must carry the victim's cookies");
  assert.doesNotMatch(app.told.err, /POST \/create/, "it must not have reached the app");
  assert.deepEqual(await titles().catch(() => []), []);
});

test("a page without an origin, in a sandboxed frame, cannot post", LIMIT, async (t) => {
  const { scope, app, gate, page, origin } = await tutorial(t, { gated: true });
  await signIn(page, origin);
  const inner = autoSubmit(`${origin}/create`, forged).replaceAll('"', "&quot;");
  const port = await foreignPage(scope, `<!doctype html><iframe sandbox="allow-scripts allow-forms" srcdoc="${inner}"></iframe>`);
  await page.goto(`http://127.0.0.1:${port}/`);
  const [refusal] = await gate.refusals(1);
  assert.match(JSON.stringify(refusal), /csrf/);
  assert.doesNotMatch(app.told.err, /POST \/create/);
});

test("a foreign page cannot open a WebSocket", LIMIT, async (t) => {
  const scope = new Scope(t);
  const app = await startApp(scope, "echo");
  const gate = await startGate(scope, app.upstream);
  const context = await startBrowser(scope, { authorities: [gate.authority] });
  const page = await context.newPage();
  // With a cookie of the site in the jar, as a signed-in user has one.
  await page.goto(gate.origin);
  await page.evaluate(() => (document.cookie = "session=of-the-user; Secure; SameSite=None"));
  const talk = (to) =>
    new Promise((done) => {
      const socket = new WebSocket(to);
      socket.onopen = () => socket.send("hello");
      socket.onmessage = ({ data }) => done(`heard ${data}`);
      socket.onclose = ({ code }) => done(`closed ${code}`);
    });
  const port = await foreignPage(scope, "<!doctype html><title>Elsewhere</title>");
  await page.goto(`http://localhost:${port}/`);
  assert.equal(await page.evaluate(talk, `${app.origin.replace("http", "ws")}/echo`), "heard hello");
  assert.equal(await page.evaluate(talk, `${gate.origin.replace("https", "wss")}/echo`), "closed 1006");
  assert.equal((await gate.refusals(1)).length, 1);
});

test("the session cookie reaches the browser hardened", LIMIT, async (t) => {
  const { page, context, origin, app } = await tutorial(t, { gated: true });
  await signIn(page, origin);
  const cookies = await context.cookies(origin);
  const session = cookies.find(({ name }) => name.endsWith("session"));
  assert.equal(session.secure, true);
  assert.equal(session.httpOnly, true);
  assert.equal(session.sameSite, "Lax");
  for (const cookie of cookies) assert.equal(cookie.secure, true, cookie.name);
  assert.equal((await page.evaluate(() => document.cookie)).includes("session"), false);
  // The same app, asked without the gate, is less careful: the flags are the gate's work.
  const bare = await fetch(`${app.origin}/auth/login`, {
    method: "POST",
    body: new URLSearchParams({ username: "victim", password: "an honest password" }),
    redirect: "manual",
  });
  assert.doesNotMatch(bare.headers.get("set-cookie"), /Secure|SameSite/i);
});

test("plain HTTP is only a way to HTTPS", LIMIT, async (t) => {
  const { gate, page } = await tutorial(t, { gated: true });
  const answer = await fetch(`${gate.plain}/hello?a=b`, { redirect: "manual" });
  assert.equal(answer.status, 308);
  assert.match(answer.headers.get("location"), /^https:\/\/localhost(:\d+)?\/hello\?a=b$/);
  await page.goto(`${gate.origin}/hello`);
  assert.equal(await page.locator("body").innerText(), "Hello, World!");
});

test("a browser that was not told of the gate's authority does not trust it", LIMIT, async (t) => {
  const { scope, origin } = await tutorial(t, { gated: true });
  const page = await (await startBrowser(scope)).newPage();
  await assert.rejects(page.goto(origin), /ERR_CERT_AUTHORITY_INVALID/);
});
