// Second factors, passkeys and a real OpenID provider, through a real Chromium with a virtual authenticator.

import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticator, code, enrol, isSignedIn, providerPolicy, signIn, signOut, site, startProvider } from "./accounts.mjs";
import { freePort } from "./harness.mjs";

test("an authenticator app is added, asked for, and neither its codes nor recovery codes work twice", async (t) => {
  const { page, own, errors } = await site(t);
  await signIn(page, own);
  await page.goto(own("account/factors?add=app"));
  assert.equal(await page.locator("figure svg").count(), 1);
  const secret = await page.locator("#secret").textContent();
  await page.fill("#code", "000000");
  await page.click("form button[type=submit]");
  assert.equal(await page.locator("#secret").textContent(), secret, "a wrong code enrols nothing");
  await page.fill("#code", code(secret));
  await page.click("form button[type=submit]");
  const codes = await page.locator(".codes code").allTextContents();
  assert.equal(codes.length, 10);

  await signOut(page, own);
  await signIn(page, own);
  await page.waitForURL(own("second"));
  assert.equal(await isSignedIn(page, own), false, "a password alone is not enough");
  await page.goto(own("second"));
  // The code that enrolled the app, or the one after it: a code works once.
  const next = code(secret, Date.now() + 30_000);
  await page.fill("#code", next);
  await page.click("form button[type=submit]");
  await page.waitForURL(own("account"));

  await signOut(page, own);
  await signIn(page, own);
  await page.fill("#code", next);
  await page.click("form button[type=submit]");
  await page.locator("[role=alert] h2").first().waitFor();
  await page.click("a[href$='with=recovery']");
  await page.fill("#code", codes[4]);
  await page.click("form button[type=submit]");
  await page.waitForURL(own("account"));

  await signOut(page, own);
  await signIn(page, own);
  await page.click("a[href$='with=recovery']");
  await page.fill("#code", codes[4]);
  await page.click("form button[type=submit]");
  await page.locator("[role=alert] h2").first().waitFor();
  assert.equal(await isSignedIn(page, own), false, "a used recovery code");
  assert.deepEqual(errors, []);
});

test("a passkey is made and signs in without a name, and its challenge works once", async (t) => {
  const { page, context, own, errors } = await site(t);
  const { cdp, authenticatorId } = await authenticator(context, page);
  await signIn(page, own);
  await enrol(page, own);
  const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
  assert.deepEqual([credentials.length, credentials[0].isResidentCredential, credentials[0].rpId], [1, true, "localhost"]);

  // As the first factor. What was sent is kept, to be sent again.
  await signOut(page, own);
  const sent = page.waitForRequest((request) => request.url().endsWith("/passkey/sign-in/finish"));
  await page.goto(own("sign-in?return_to=%2F.portcullis%2Faccount"));
  // Offered among what the browser fills in, and taken at once by the virtual authenticator.
  await page.waitForURL(own("account"));
  const body = (await sent).postData();
  await page.goto(own("sign-in"));
  const replayed = await page.evaluate(
    async ([url, body]) =>
      (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })).status,
    [own("passkey/sign-in/finish"), body],
  );
  assert.equal(replayed, 422, "a challenge works once");

  assert.deepEqual(errors, []);
});

test("a real provider vouches for two tabs at once, and a script is told in its own words", async (t) => {
  const port = await freePort();
  const { page, context, own, scope, errors, https } = await site(t, (_, folder) => providerPolicy(port, folder));
  await startProvider(scope, port, https);
  const other = await context.newPage();
  for (const tab of [page, other]) {
    await tab.goto(own(`sign-in?return_to=${encodeURIComponent(tab === page ? "/?tab=1" : "/?tab=2")}`));
    await tab.click(".instead a");
    await tab.locator("#login").waitFor();
  }
  for (const [tab, query] of [[other, "?tab=2"], [page, "?tab=1"]]) {
    await tab.fill("#login", "grace");
    await tab.click("#in");
    await tab.waitForURL((url) => url.port === String(https) && url.search === query);
  }
  assert.equal(await isSignedIn(page, own), true);
  assert.match(await page.locator("main").textContent(), /grace@idp\.example/);

  // A script is told in its own words.
  await page.goto(own("sign-in"));
  const told = await page.evaluate(async (url) => {
    const answer = await fetch(url, { redirect: "manual" });
    return [answer.status, answer.headers.get("content-type")];
  }, own("oidc/idp/start"));
  assert.deepEqual(told, [401, "application/json"]);
  assert.deepEqual(errors, []);
});

const closed = `[[route]]
path = "/vault"
access.factor = ["passkey"]
[[route]]
path = "/safe"
access.fresh = "2 s"
`;

test("a passkey is the second step after a password, and a proof that is fresh again", async (t) => {
  const { page, context, own, gate, errors } = await site(t, () => "", { routes: closed });
  const { cdp, authenticatorId } = await authenticator(context, page);
  const present = (enabled) => cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
  await signIn(page, own);
  await enrol(page, own);
  await signOut(page, own);

  // Nobody touches the authenticator while the password is typed, so that it does not sign in by itself.
  await present(false);
  await signIn(page, own, "/vault");
  await page.waitForURL(own("second"));
  assert.equal(await isSignedIn(page, own), false, "the password alone is not enough");
  await page.goto(own("second"));
  await present(true);
  await page.click("[data-passkey=second]");
  await page.waitForURL(`${gate.origin}/vault`);
  assert.equal(await page.title(), "App", "both were proved in this session");

  // What is asked to be fresh is proved once more, by the passkey alone.
  await page.waitForTimeout(2500);
  await page.goto(`${gate.origin}/safe`);
  assert.equal(new URL(page.url()).pathname, "/.portcullis/sign-in");
  const before = (await context.cookies(gate.origin)).find(({ name }) => name === "__Host-portcullis-session").value;
  await page.click("[data-passkey=again]");
  await page.waitForURL(`${gate.origin}/safe`);
  const after = (await context.cookies(gate.origin)).find(({ name }) => name === "__Host-portcullis-session").value;
  assert.notEqual(after, before, "a session that proved more has a new id");
  assert.deepEqual(errors, []);
});

test("a passkey without its user's face or PIN is no second step", async (t) => {
  const { page, context, own } = await site(t);
  const { cdp, authenticatorId } = await authenticator(context, page);
  await signIn(page, own);
  await enrol(page, own);
  await signOut(page, own);
  await cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
  await signIn(page, own);
  await page.waitForURL(own("second"));
  // As of a thief who has the device and neither face nor PIN.
  await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
  await page.click("[data-passkey=second]");
  await page.locator("[data-passkey-problem]:not([hidden])").waitFor();
  assert.equal(await isSignedIn(page, own), false);
});
