// What the tests of factors and sessions share: a small app behind a gate with people, a virtual authenticator, a real
// OpenID provider.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { Scope, freePort, startBrowser, startGate } from "./harness.mjs";

export const PASSWORD = "seven lamps under the pier";

/** What an authenticator app shows (RFC 6238). */
export function code(secret, now = Date.now()) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replaceAll(" ", "")].map((sign) => letters.indexOf(sign).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const offset = digest[19] & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A small app behind a gate with people, Ada and Eve; `policy` gets the gate's port, `names` are more names of the site. */
export async function site(t, policy = () => "", { names = [], routes = "" } = {}) {
  const scope = new Scope(t);
  const app = http.createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>App</title>"));
  await new Promise((listening) => app.listen(0, "127.0.0.1", listening));
  scope.onClose(() => app.close());
  const https = await freePort();
  const folder = scope.directory();
  const file = path.join(folder, "portcullis.toml");
  writeFileSync(file, `[access]\nallow = "public"\n[identity]\nname = "Notes"\n${policy(https, folder)}\n${routes}`);
  const gate = await startGate(scope, `http://127.0.0.1:${app.address().port}`, { https, more: ["--policy", file, ...names.flatMap((name) => ["--host", name])] });
  gate.add("ada@example.org", PASSWORD, "--policy", file);
  gate.add("eve@example.org", PASSWORD, "--policy", file);
  const context = await startBrowser(scope, { authorities: [gate.authority] });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (told) => told.type() === "error" && !/status of 4\d\d/.test(told.text()) && errors.push(told.text()));
  const own = (name) => `${gate.origin}/.portcullis/${name}`;
  return { scope, gate, context, page, own, errors, https };
}

export async function signIn(page, own, to = "/.portcullis/account", { email = "ada@example.org", remember = false } = {}) {
  await page.goto(own(`sign-in?return_to=${encodeURIComponent(to)}`));
  await page.fill("#email", email);
  await page.fill("#password", PASSWORD);
  if (remember) await page.check("#remember");
  await page.click("form button[type=submit]");
}

export async function signOut(page, own) {
  await page.goto(own("sign-out"));
  await page.click("form button[type=submit]");
}

export const isSignedIn = async (page, own) => {
  await page.goto(own("account"));
  return new URL(page.url()).pathname === "/.portcullis/account";
};

export async function authenticator(context, page) {
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

/** The provider in a policy of the gate. */
export function providerPolicy(port, folder) {
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
}

/** Gives Ada, who is signed in, a passkey of this authenticator. */
export async function enrol(page, own) {
  await page.goto(own("account/factors"));
  await page.fill("#label", "virtual");
  await page.click("[data-passkey=enrol]");
  await page.locator("b", { hasText: "virtual" }).waitFor();
}

/** A provider that knows this gate; with its `authority` it tells the gate of whoever signs out. */
export async function startProvider(scope, port, https, authority) {
  const callback = `https://localhost:${https}/.portcullis/oidc/idp/callback`;
  const out = `https://localhost:${https}/.portcullis/oidc/idp/backchannel-logout`;
  const told = authority ? [`https://localhost:${https}/.portcullis/sign-out`, out] : [];
  const child = spawn("node", ["provider.mjs", String(port), callback, ...told], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...(authority && { NODE_EXTRA_CA_CERTS: authority }) },
    stdio: ["ignore", "pipe", "ignore"],
  });
  scope.onClose(() => child.kill());
  await new Promise((ready, failed) => {
    child.stdout.setEncoding("utf8").on("data", (text) => text.includes("ready") && ready());
    child.once("close", () => failed(new Error("the provider ended")));
  });
}
