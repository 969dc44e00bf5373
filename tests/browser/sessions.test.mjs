// What becomes of sessions that somebody steals, plants, or ends elsewhere, in a real browser.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { PASSWORD, isSignedIn, providerPolicy, signIn, signOut, site, startProvider } from "./accounts.mjs";
import { freePort, startBrowser, startGate } from "./harness.mjs";

const SESSION = "__Host-portcullis-session";
const REMEMBERED = /^__Host-portcullis-remember/;

const session = async (context, origin) => (await context.cookies(origin)).find(({ name }) => name === SESSION);

/** Another browser with these cookies, as of a thief. */
async function thief({ scope, gate }, cookies) {
  const context = await startBrowser(scope, { authorities: [gate.authority] });
  await context.addCookies(cookies);
  return { context, page: await context.newPage() };
}

/** A site of the attacker's over plain HTTP; gives its port. */
async function foreign(scope, answer) {
  const server = http.createServer((request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    answer(request, response);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  scope.onClose(() => new Promise((done) => (server.close(done), server.closeAllConnections())));
  return server.address().port;
}

const form = (action, fields) =>
  `<!doctype html><title>A prize</title><form method="post" action="${action}">` +
  Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join("") +
  "</form><script>document.forms[0].submit()</script>";

test("a cookie that was captured is worthless after its owner has signed out", async (t) => {
  const here = await site(t);
  const { page, context, own, gate } = here;
  await signIn(page, own);
  const captured = await session(context, gate.origin);
  assert.ok(captured.httpOnly && captured.secure && captured.sameSite === "Lax", JSON.stringify(captured));
  const stolen = await thief(here, [captured]);
  assert.equal(await isSignedIn(stolen.page, own), true, "it is worth something before: else this shows nothing");
  await signOut(page, own);
  await stolen.context.addCookies([captured]);
  assert.equal(await isSignedIn(stolen.page, own), false);
});

test("a remembered token that is used twice ends the whole family, and the log says so", async (t) => {
  const here = await site(t);
  const { page, context, own, gate } = here;
  await signIn(page, own, "/.portcullis/account", { remember: true });
  await page.waitForURL(own("account"));
  const kept = (await context.cookies(gate.origin)).filter(({ name }) => REMEMBERED.test(name));
  assert.equal(kept.length, 1);
  // The browser is closed and opened again; meanwhile the thief has a copy.
  await context.clearCookies();
  await context.addCookies(kept);
  assert.equal(await isSignedIn(page, own), true, "the owner comes first");
  // Two requests that cross with the same token are let pass for some seconds: they are no theft.
  await page.waitForTimeout(11_000);
  const stolen = await thief(here, kept);
  assert.equal(await isSignedIn(stolen.page, own), false, "the thief comes too late");
  await page.waitForTimeout(2500);
  assert.equal(await isSignedIn(page, own), false, "and the owner is signed out, for who was first is not known");
  // The log is written a moment after the answer.
  const told = () => gate.events().some((event) => event["portcullis.reason"] === "session.token_reused");
  for (const deadline = Date.now() + 10_000; !told() && Date.now() < deadline; ) await page.waitForTimeout(100);
  assert.ok(told(), gate.events().map((event) => event["portcullis.reason"]).join(" "));
});

test("a provider that ends a session ends it here, by the back channel", async (t) => {
  const port = await freePort();
  const { page, own, scope, gate, https, errors } = await site(t, (_, folder) => providerPolicy(port, folder));
  await startProvider(scope, port, https, gate.authority);
  await page.goto(own("sign-in?return_to=%2F.portcullis%2Faccount"));
  await page.click(".instead a");
  await page.fill("#login", "grace");
  await page.click("#in");
  await page.waitForURL(own("account"));
  const other = await page.context().newPage();
  await other.goto(`http://localhost:${port}/session/end`);
  await other.click("button[name=logout], button[value=yes]");
  await other.waitForLoadState();
  // The provider tells the gate; what is remembered of the session is forgotten at once, for it is the same gate.
  for (const deadline = Date.now() + 10_000; (await isSignedIn(page, own)) && Date.now() < deadline; ) {
    await page.waitForTimeout(200);
  }
  assert.equal(await isSignedIn(page, own), false);
  assert.deepEqual(errors, []);
});

test("a page of another site can neither sign a visitor in as somebody else nor out", async (t) => {
  const { page, own, scope, gate } = await site(t);
  const fields = { email: "eve@example.org", password: PASSWORD };
  const sent = async (action, fields) => {
    const port = await foreign(scope, (_, response) => response.end(form(action, fields)));
    const statuses = [];
    for (const host of ["127.0.0.1", "localhost"]) {
      const answered = page.waitForResponse((response) => response.url() === action && response.request().method() === "POST");
      await page.goto(`http://${host}:${port}/`);
      statuses.push((await answered).status());
    }
    return statuses;
  };
  assert.deepEqual(await sent(own("sign-in"), fields), [403, 403]);
  assert.equal(await isSignedIn(page, own), false, "nobody works in an account of the attacker's");
  await signIn(page, own);
  assert.deepEqual(await sent(own("sign-out"), {}), [403, 403]);
  assert.equal(await isSignedIn(page, own), true);
  assert.equal((await gate.refusals(4)).filter((event) => /csrf/.test(JSON.stringify(event))).length, 4);
});

test("cookies that a sibling name plants for the whole domain make nobody somebody else", async (t) => {
  const here = await site(t, () => "", { names: ["app.site.localhost", "localhost"] });
  const { page, context, scope, gate, https } = here;
  const origin = `https://app.site.localhost:${https}`;
  const own = (name) => `${origin}/.portcullis/${name}`;
  // Eve has a session of her own, which she wants her victim to work in.
  const eve = await thief(here, []);
  await signIn(eve.page, own, "/.portcullis/account", { email: "eve@example.org" });
  await eve.page.waitForURL(own("account"));
  const { value } = await session(eve.context, origin);
  const wide = "Domain=site.localhost; Path=/";
  const planted = [
    `${SESSION}=${value}; ${wide}`,
    `${SESSION}=${value}; ${wide}; Secure`,
    `__HOST-portcullis-session=${value}; ${wide}; Secure`,
    ` ${SESSION}=${value}; ${wide}; Secure`,
    `=${SESSION}=${value}; ${wide}; Secure`,
    `portcullis-session=${value}; ${wide}; Secure`,
    `portcullis-session=${value}; ${wide}`,
    `x=1\u00a0; ${wide}`,
  ];
  const port = await foreign(scope, (_, response) => {
    response.setHeader("set-cookie", planted.map((line) => Buffer.from(line, "utf8").toString("latin1")));
    response.end("<!doctype html><title>Evil</title>");
  });
  const evilGate = await startGate(scope, `http://127.0.0.1:${port}`, { more: ["--host", "evil.site.localhost"] });
  const victim = await startBrowser(scope, { authorities: [gate.authority, evilGate.authority] });
  const tab = await victim.newPage();
  const evil = [`http://evil.site.localhost:${port}/`, `https://evil.site.localhost:${new URL(evilGate.origin).port}/`];
  const toss = async () => {
    for (const url of evil) {
      await tab.goto(url);
      assert.equal(await tab.title(), "Evil");
      // By script, too, where the attacker's own gate does not narrow what a script may set.
      await tab.evaluate((lines) => lines.forEach((line) => (document.cookie = line)), planted);
    }
  };
  await toss();
  const arrived = (await victim.cookies(origin)).filter((cookie) => cookie.value.includes(value));
  assert.ok(arrived.some(({ domain }) => domain === ".site.localhost"), "the attack must reach the browser's jar");
  assert.ok(!arrived.some(({ name }) => name === SESSION), "but not under the name that counts");
  assert.equal(await isSignedIn(tab, own), false, "nobody becomes Eve");
  assert.ok(!(await tab.content()).includes("eve@example.org"));
  await signIn(tab, own);
  await tab.waitForURL(own("account"));
  await toss();
  assert.equal(await isSignedIn(tab, own), true);
  assert.match(await tab.content(), /ada@example\.org/, "and Ada stays Ada");
  assert.doesNotMatch(await tab.content(), /eve@example\.org/);
  await page.close();
  await context.close();
});
