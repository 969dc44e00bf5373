// Coming by an invitation, and signing out where one came from.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD, isSignedIn, providerPolicy, site, startProvider } from "./accounts.mjs";
import { freePort } from "./harness.mjs";

const heading = (page) => page.locator("h1").textContent();

test("an invitation leads to an account, once", async (t) => {
  let policy;
  const { page, own, gate, errors } = await site(t, (_, folder) => {
    policy = `${folder}/portcullis.toml`;
    return 'sign_up = "invited"\n';
  });
  const invite = (...more) =>
    gate.command("user", "invite", "grace@example.org", "--print", "--origin", gate.origin, "--policy", policy, ...more);
  const link = invite("--role", "editor").split("\n")[0];
  await page.goto(own("sign-up"));
  assert.match(await page.locator(".lead").textContent(), /by invitation/);
  await page.goto(link);
  await page.fill("#name", "Grace Hopper");
  await page.fill("#password", PASSWORD);
  await page.click("main button[type=submit]");
  await page.waitForURL(`${gate.origin}/`);
  assert.equal(await isSignedIn(page, own), true);
  assert.match(await page.content(), /grace@example\.org/);
  await page.context().clearCookies();
  await page.goto(link);
  assert.equal(await heading(page), "This link does not work any more");
  assert.throws(() => invite(), "there is an account now");
  assert.deepEqual(errors.filter((error) => !/410/.test(error)), []);
});

for (const mode of ["offer", "always", "never"]) {
  test(`signing out of a session from a provider, which the policy has as ${mode}`, async (t) => {
    const port = await freePort();
    const policy = (_, folder) => `${providerPolicy(port, folder)}sign_out = "${mode}"\n`;
    const { page, own, scope, gate, https, errors } = await site(t, policy);
    await startProvider(scope, port, https, gate.authority);
    const come = async () => {
      await page.goto(own("sign-in?return_to=%2F.portcullis%2Faccount"));
      await page.click(".instead a");
    };
    await come();
    await page.fill("#login", "grace");
    await page.click("#in");
    await page.waitForURL(own("account"));
    await page.goto(own("sign-out"));
    await page.click("form button[type=submit]");
    if (mode === "offer") await page.click("text=Sign out at Provider, too");
    if (mode === "never") {
      await page.locator("h1", { hasText: "You are signed out" }).waitFor();
      assert.equal(await page.locator(".instead a").count(), 0);
      await come();
      await page.waitForURL(own("account"));
      return;
    }
    // The provider asks once more, and sends the browser back to us.
    await page.waitForURL(`http://localhost:${port}/session/end**`);
    await page.click("button[name=logout], button[value=yes]");
    await page.waitForURL(own("sign-out**"));
    assert.match(await page.locator(".done").textContent(), /You are signed out at Provider, too/);
    assert.equal(await isSignedIn(page, own), false);
    await come();
    await page.locator("#login").waitFor();
    // The provider's own page asks for a font on another site.
    assert.deepEqual(errors.filter((error) => !/ERR_NAME_NOT_RESOLVED/.test(error)), []);
  });
}
