// Signing up, in and out on Flask's tutorial app, which knows nothing of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { OTHER, PASSWORD, signIn, signUp, startSite, visitor } from "./identity.mjs";

const heading = (page) => page.locator("h1").textContent();
const where = (page) => new URL(page.url()).pathname;

test("an account from its sign-up to its end", async (t) => {
  const site = await startSite(t, '[access]\nallow = "signed-in"\n');
  const { page, context, faults } = await visitor(site);

  await t.test("who is not signed in is asked to, and comes back to where they wanted to go", async () => {
    await page.goto(`${site.origin}/?page=1`);
    assert.equal(where(page), "/.portcullis/sign-in");
    assert.equal(await page.evaluate(() => document.activeElement.id), "email");
  });

  await t.test("sign-up, letter, confirmation", async () => {
    await signUp(site, page, "ada@example.org");
    assert.equal(await page.title(), "Posts - Flaskr");
    const [letter] = await site.mail.letters();
    assert.equal(letter.subject, "Flaskr: confirm your address");
    assert.ok(letter.html.includes("/.portcullis/confirm?token="));
  });

  await t.test("a wrong password is told of in a summary that has the focus and leads to the field", async () => {
    const { page: other } = await visitor(site);
    await signIn(site, other, "ada@example.org", "not the password");
    assert.match(await other.locator(".problem").first().textContent(), /address or the password is not right/);
    assert.equal(await other.evaluate(() => document.activeElement.className), "problem");
    await other.fill("#email", "no address");
    await other.click("main button[type=submit]");
    await other.click(".problem a >> nth=0");
    assert.equal(await other.evaluate(() => document.activeElement.id), "email");
    assert.equal(await other.locator("#email").getAttribute("aria-invalid"), "true");
    const described = await other.locator("#email").getAttribute("aria-describedby");
    assert.match(await other.locator(`#${described.trim().split(" ")[0]}`).textContent(), /no e-mail address/);
  });

  await t.test("two tabs are one session, and a change of the password ends the others", async () => {
    const second = await context.newPage();
    await second.goto(`${site.pages}account`);
    assert.equal(await heading(second), "Your account");
    const elsewhere = await visitor(site);
    await signIn(site, elsewhere.page, "ada@example.org");
    await elsewhere.page.waitForURL(`${site.origin}/`);
    await page.goto(`${site.pages}account/password`);
    await page.fill("#current_password", PASSWORD);
    await page.fill("#new_password", OTHER);
    await page.click("main button[type=submit]");
    await page.locator(".done", { hasText: "Your password is changed" }).waitFor();
    await second.reload();
    assert.equal(await heading(second), "Your account", "the other tab goes on under the new id");
    await elsewhere.page.goto(`${site.pages}account`);
    assert.equal(where(elsewhere.page), "/.portcullis/sign-in");
    await site.mail.wait((letter) => letter.subject === "Flaskr: your password was changed");
    await second.close();
  });

  await t.test("the name is changed, and a device signed out", async () => {
    const elsewhere = await visitor(site);
    await signIn(site, elsewhere.page, "ada@example.org", OTHER);
    await elsewhere.page.waitForURL(`${site.origin}/`);
    await page.goto(`${site.pages}account`);
    await page.fill("#name", "Countess");
    await page.click("section:has(#profile) button");
    await page.locator(".done", { hasText: "Your name is saved" }).waitFor();
    assert.equal(await page.inputValue("#name"), "Countess");
    await page.click("section:has(#devices) li button >> nth=0");
    await page.locator(".done", { hasText: "They are signed out" }).waitFor();
    await elsewhere.page.goto(`${site.pages}account`);
    assert.equal(where(elsewhere.page), "/.portcullis/sign-in");
  });

  await t.test("the address changes when the new one is confirmed, and the old one is told", async () => {
    await page.goto(`${site.pages}account/email`);
    await page.fill("#current_password", OTHER);
    await page.fill("#email", "lovelace@example.org");
    await page.click("main button[type=submit]");
    await page.locator("h1", { hasText: "Look at your mail" }).waitFor();
    const link = await site.mail.link("lovelace@example.org", "account/email");
    await page.goto(link);
    assert.match(await heading(page), /lovelace@example\.org/);
    await page.click("main button[type=submit]");
    await page.locator(".done", { hasText: "Your address is changed" }).waitFor();
    const told = await site.mail.wait((letter) => letter.subject === "Flaskr: your address was changed");
    assert.deepEqual(told.to, ["ada@example.org"]);
  });

  await t.test("after signing out, going back shows nothing private", async () => {
    await page.goto(`${site.pages}account`);
    await page.goto(`${site.pages}sign-out`);
    await page.click("main button[type=submit]");
    await page.locator("h1", { hasText: "You are signed out" }).waitFor();
    for (let step = 0; step < 3; step += 1) {
      await page.goBack();
      assert.ok(!(await page.content()).includes("lovelace@example.org"), page.url());
    }
    await page.goto(`${site.origin}/`);
    assert.equal(where(page), "/.portcullis/sign-in");
  });

  await t.test("a removed account is gone", async () => {
    await signIn(site, page, "lovelace@example.org", OTHER);
    await page.waitForURL(`${site.origin}/`);
    await page.goto(`${site.pages}account/remove`);
    await page.fill("#current_password", OTHER);
    await page.click("main button[type=submit]");
    await page.locator("h1", { hasText: "Your account is gone" }).waitFor();
    await signIn(site, page, "lovelace@example.org", OTHER);
    assert.match(await page.locator(".problem").first().textContent(), /not right/);
  });

  assert.deepEqual(faults, []);
});

test("letters get people in who have forgotten their password", async (t) => {
  const site = await startSite(t);
  const { page } = await visitor(site);
  await signUp(site, page, "ada@example.org");

  await t.test("a new password by mail, which a scanner of mails does not use up", async () => {
    const { page: other } = await visitor(site);
    await other.goto(`${site.pages}sign-in`);
    await other.click("text=Forgot your password?");
    await other.fill("#email", "ada@example.org");
    await other.click("main button[type=submit]");
    const link = await site.mail.link("ada@example.org", "reset");
    for (let scans = 0; scans < 3; scans += 1) await other.goto(link);
    await other.fill("#password", OTHER);
    await other.click("main button[type=submit]");
    await other.locator(".done", { hasText: "Your new password is set" }).waitFor();
    await page.goto(`${site.pages}account`);
    assert.equal(where(page), "/.portcullis/sign-in", "who was signed in is signed out");
    await other.goto(link);
    assert.equal(await heading(other), "This link does not work any more");
    await signIn(site, other, "ada@example.org", OTHER);
    await other.waitForURL(`${site.origin}/`);
  });

  await t.test("a link that signs in, once", async () => {
    const { page: other } = await visitor(site);
    await other.goto(`${site.pages}sign-in`);
    await other.click("text=Sign in by a link sent by mail");
    await other.fill("#email", "ada@example.org");
    await other.click("main button[type=submit]");
    const link = await site.mail.link("ada@example.org", "magic");
    await other.goto(link);
    assert.match(await heading(other), /ada@example\.org/);
    await other.click("main button[type=submit]");
    await other.waitForURL(`${site.origin}/`);
    await other.goto(`${site.pages}account`);
    assert.equal(await heading(other), "Your account");
    const { page: thief } = await visitor(site);
    await thief.goto(link);
    assert.equal(await heading(thief), "This link does not work any more");
  });

  await t.test("who stays signed in is so after the browser was closed", async () => {
    const { page: other, context } = await visitor(site);
    await other.goto(`${site.pages}sign-in`);
    await other.fill("#email", "ada@example.org");
    await other.fill("#password", OTHER);
    await other.check("#remember");
    await other.click("main button[type=submit]");
    await other.waitForURL(`${site.origin}/`);
    const kept = (await context.cookies()).filter(({ expires }) => expires > 0);
    await context.clearCookies();
    await context.addCookies(kept);
    await other.goto(`${site.pages}account`);
    assert.equal(await heading(other), "Your account");
    for (const cookie of await context.cookies()) {
      if (cookie.name.includes("portcullis-")) {
        assert.ok(cookie.secure && cookie.httpOnly && cookie.name.startsWith("__Host-"), cookie.name);
      }
    }
  });
});

test("the pages speak four languages, by the browser's wish or by choice, and need no script", async (t) => {
  const site = await startSite(t);
  const words = { de: "Anmelden", es: "Iniciar sesión", zh: "登录", en: "Sign in" };
  for (const [language, word] of Object.entries(words)) {
    const { page, faults } = await visitor(site, { language });
    await page.goto(`${site.pages}sign-in`);
    assert.equal(await heading(page), word);
    assert.equal(await page.getAttribute("html", "lang"), language);
    // The one for passkeys is extra, and runs from a file.
    assert.equal(await page.locator("script:not([src='/.portcullis/passkey.js'])").count(), 0);
    assert.deepEqual(faults, [], "the policy of the page forbids nothing that it needs");
    await page.context().close();
  }
  const { page } = await visitor(site, { language: "en" });
  await page.goto(`${site.pages}sign-in?return_to=/create`);
  await page.click("footer >> text=Deutsch");
  assert.equal(await heading(page), "Anmelden");
  assert.equal(await page.inputValue("input[name=return_to]"), "/create");
  await page.goto(`${site.pages}forgotten`);
  assert.equal(await heading(page), "Neues Passwort wählen", "the choice stays");
});

test("without any script an account is made and used", async (t) => {
  const site = await startSite(t, '[access]\nallow = "signed-in"\n');
  const { page } = await visitor(site, { context: { javaScriptEnabled: false } });
  await signUp(site, page, "ada@example.org");
  await page.goto(`${site.pages}account`);
  assert.equal(await heading(page), "Your account");
  await page.goto(`${site.pages}sign-out`);
  await page.click("main button[type=submit]");
  assert.equal(await heading(page), "You are signed out");
  await signIn(site, page, "ada@example.org");
  await page.waitForURL(`${site.origin}/`);
});
