// What the tests of sign-in share: a gate with people in front of Flask's tutorial, its mail, its visitors.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { Scope, startApp, startBrowser, startGate, startMail } from "./harness.mjs";

export const PASSWORD = "seven lamps under the pier";
export const OTHER = "a kettle full of violins";
export const OURS = "/.portcullis/";

/** The tutorial behind a gate where people sign in; `more` is added to the policy. */
export async function startSite(t, more = "") {
  const scope = new Scope(t);
  const [app, mail] = [await startApp(scope, "tutorial"), await startMail(scope)];
  const policy = path.join(scope.directory(), "portcullis.toml");
  writeFileSync(
    policy,
    `[identity]
name = "Flaskr"
sign_up = "open"
magic_links = true
contact = "help@flaskr.example"

[identity.mail]
from = "Flaskr <no-reply@flaskr.example>"
smtp = "localhost:${mail.port}"
tls = "dangerous_plain"

${more || '[access]\nallow = "public"\n'}`,
  );
  const gate = await startGate(scope, app.upstream, { more: ["--policy", policy] });
  return { scope, app, mail, gate, origin: gate.origin, pages: gate.origin + OURS };
}

/** A browser of its own, as of another person or on another device. */
export async function visitor({ scope, gate }, options = {}) {
  let context = await startBrowser(scope, { authorities: [gate.authority] });
  if (options.context) context = await context.browser().newContext(options.context);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // A status that says what went wrong with a form is no fault of the page, nor that the app has no icon.
    const expected = /status of (410|422|429)/.test(message.text()) || message.location().url.endsWith("/favicon.ico");
    if (message.type() === "error" && !expected) faults.push(message.text());
  });
  if (options.language) await page.setExtraHTTPHeaders({ "Accept-Language": options.language });
  return { context, page, faults };
}

export async function signUp(site, page, email, password = PASSWORD) {
  await page.goto(`${site.pages}sign-up`);
  await page.fill("#email", email);
  await page.fill("#name", "Ada Lovelace");
  await page.fill("#password", password);
  await page.click("main button[type=submit]");
  await page.locator("h1", { hasText: "Look at your mail" }).waitFor();
  const link = await site.mail.link(email, "confirm");
  await page.goto(link);
  await page.fill("#password", password);
  await page.click("main button[type=submit]");
  await page.waitForURL(`${site.origin}/`);
}

export async function signIn(site, page, email, password = PASSWORD) {
  await page.goto(`${site.pages}sign-in`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("main button[type=submit]");
}
