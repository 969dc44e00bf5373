// Second factors, passkeys and a real OpenID provider, through a real Chromium with a virtual authenticator.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import { Scope, freePort, startBrowser, startGate } from "./harness.mjs";

const PASSWORD = "seven lamps under the pier";

/** What an authenticator app shows (RFC 6238). */
function code(secret, now = Date.now()) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replaceAll(" ", "")].map((sign) => letters.indexOf(sign).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const offset = digest[19] & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A small app behind a gate with people, one of whom is Ada; `policy` gets the gate's port. */
async function site(t, policy = () => "") {
  const scope = new Scope(t);
  const app = http.createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>App</title>"));
  await new Promise((listening) => app.listen(0, "127.0.0.1", listening));
  scope.onClose(() => app.close());
  const https = await freePort();
  const folder = scope.directory();
  const file = path.join(folder, "portcullis.toml");
  writeFileSync(file, `[access]\nallow = "public"\n[identity]\nname = "Notes"\n${policy(https, folder)}`);
  const gate = await startGate(scope, `http://127.0.0.1:${app.address().port}`, { https, more: ["--policy", file] });
  gate.add("ada@example.org", PASSWORD, "--policy", file);
  const context = await startBrowser(scope, { authorities: [gate.authority] });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (told) => told.type() === "error" && !/status of 4\d\d/.test(told.text()) && errors.push(told.text()));
  const own = (name) => `${gate.origin}/.portcullis/${name}`;
  return { scope, gate, context, page, own, errors, https };
}

async function signIn(page, own, to = "/.portcullis/account") {
  await page.goto(own(`sign-in?return_to=${encodeURIComponent(to)}`));
  await page.fill("#email", "ada@example.org");
  await page.fill("#password", PASSWORD);
  await page.click("form button[type=submit]");
}

async function signOut(page, own) {
  await page.goto(own("sign-out"));
  await page.click("form button[type=submit]");
}

const isSignedIn = async (page, own) => {
  await page.goto(own("account"));
  return new URL(page.url()).pathname === "/.portcullis/account";
};

async function authenticator(context, page) {
  const cdp = await context.newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
  return { cdp, authenticatorId };
}

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
  await page.goto(own("account/factors"));
  await page.fill("#label", "virtual");
  await page.click("[data-passkey=enrol]");
  await page.locator("b", { hasText: "virtual" }).waitFor();
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
  const { page, context, own, scope, errors, https } = await site(
    t,
    (_, folder) => {
      writeFileSync(path.join(folder, "secret"), "a secret / with + signs\n");
      return `[[identity.provider]]
name = "idp"
label = "Provider"
issuer = "http://localhost:${port}"
dangerous_plain = true
client_id = "notes"
client_secret_file = "${path.join(folder, "secret")}"
sign_up = true
`;
    },
  );
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

async function startProvider(scope, port, https) {
  const callback = `https://localhost:${https}/.portcullis/oidc/idp/callback`;
  const child = spawn("node", ["provider.mjs", String(port), callback], { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "ignore"] });
  scope.onClose(() => child.kill());
  await new Promise((ready, failed) => {
    child.stdout.setEncoding("utf8").on("data", (text) => text.includes("ready") && ready());
    child.once("close", () => failed(new Error("the provider ended")));
  });
}
