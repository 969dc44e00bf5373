// A content security policy from traffic: learned from a real browser, written by `csp suggest --apply`, and
// enforced on the same pages without breaking them.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import path from "node:path";
import test from "node:test";
import { watch } from "./compare.mjs";
import { Scope, startApp, startBrowser, startGate } from "./harness.mjs";

/** Uses the page as a visitor does, and gives what they see. */
async function use(page, origin) {
  await page.goto(origin);
  await page.waitForFunction(() => document.getElementById("told").textContent === "fetched");
  await page.waitForFunction(() => document.body.dataset.worker === "ran");
  await page.click("#press");
  const seen = [await page.textContent("#told"), await page.locator("h1").evaluate((h1) => getComputedStyle(h1).color)];
  seen.push(await page.locator("#pixel").evaluate((image) => image.naturalWidth));
  await page.click("#say");
  seen.push(await page.textContent("#said"));
  return seen;
}

/** Sends a report as anybody can; gives the status. */
const send = (url, authority, body) =>
  new Promise((done, failed) => {
    const headers = { "content-type": "application/csp-report", "content-length": body.length };
    const request = https.request(url, { method: "POST", ca: readFileSync(authority), headers }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    });
    request.on("error", failed).end(body);
  });

/** Waits until the gate has written down what `holds` of what it learned. */
async function learned(file, holds) {
  for (const deadline = Date.now() + 20_000; ; await new Promise((again) => setTimeout(again, 100))) {
    const lessons = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
    if (holds(lessons)) return lessons;
    assert.ok(Date.now() < deadline, `not learned in time: ${JSON.stringify(lessons, null, 1)}`);
  }
}

test("a policy learned from traffic is enforced and breaks nothing that was seen", { timeout: 300_000 }, async (t) => {
  const scope = new Scope(t);
  const app = await startApp(scope, "learned");
  const policy = path.join(scope.directory(), "portcullis.toml");
  writeFileSync(policy, "# the site's own\n[headers]\ncsp_learn = true\n");

  const learning = await startGate(scope, app.upstream, { more: ["--policy", policy] });
  const before = await startBrowser(scope, { authorities: [learning.authority] });
  const page = await before.newPage();
  const wanted = await use(page, learning.origin);
  assert.deepEqual(wanted, ["pressed", "rgb(0, 128, 0)", 1, "5 letters"]);
  await use(page, learning.origin);
  await learned(path.join(learning.data, "csp.json"), ({ sources, pages }) =>
    pages?.["/"] >= 2 && sources?.["connect-src"]?.["'self'"]?.reports > 0 && sources?.["worker-src"]?.["blob:"]);

  // A stranger tells of a place that no page names.
  const forged = JSON.stringify({
    "csp-report": {
      "document-uri": `${learning.origin}/`,
      "effective-directive": "script-src-elem",
      "blocked-uri": "https://evil.example/x.js",
    },
  });
  assert.equal(await send(`${learning.origin}/.portcullis/csp-report`, learning.authority, forged), 204);
  await learned(path.join(learning.data, "csp.json"), ({ sources }) => sources["script-src"]["https://evil.example"]);

  const said = learning.command("csp", "suggest");
  assert.match(said, /default-src = \["'none'"\]/);
  assert.match(said, /worker-src = \["blob:"\]/);
  assert.doesNotMatch(said.split("\n\n")[0].replace(/^!.*$/gm, ""), /evil\.example|unsafe-inline|unsafe-eval/);
  assert.match(said, /^! script-src: https:\/\/evil\.example is known from 1 reports of browsers alone/m);
  assert.throws(() => learning.command("csp", "suggest", "--apply", "--policy", policy), /not written/);
  learning.command("csp", "suggest", "--apply", "--even-if-it-breaks", "--policy", policy);
  const written = readFileSync(policy, "utf8");
  assert.match(written, /# the site's own/);
  assert.doesNotMatch(written, /csp_learn|evil/);
  await learning.terminate();

  const enforcing = await startGate(scope, app.upstream, { more: ["--policy", policy] });
  const after = await startBrowser(scope, { authorities: [enforcing.authority] });
  const troubles = watch(after, enforcing.origin);
  const tab = await after.newPage();
  const answer = await tab.goto(enforcing.origin);
  const enforced = answer.headers()["content-security-policy"];
  assert.match(enforced, /default-src 'none'/);
  assert.equal(answer.headers()["content-security-policy-report-only"], undefined);
  assert.deepEqual(await use(tab, enforcing.origin), wanted);
  await tab.waitForTimeout(500);
  assert.deepEqual([...troubles], []);
  // And it stops what it is there to stop.
  await tab.goto(enforcing.origin);
  const ran = await tab.evaluate(() => {
    document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='document.body.dataset.evil = 1'>");
    return new Promise((done) => setTimeout(() => done(document.body.dataset.evil ?? "nothing"), 500));
  });
  assert.equal(ran, "nothing");
});

test("an inline script that changes on every visit is named and not written", { timeout: 120_000 }, async (t) => {
  const scope = new Scope(t);
  const app = await startApp(scope, "learned");
  const policy = path.join(scope.directory(), "portcullis.toml");
  writeFileSync(policy, "[headers]\ncsp_learn = true\n");
  const gate = await startGate(scope, app.upstream, { more: ["--policy", policy] });
  const context = await startBrowser(scope, { authorities: [gate.authority] });
  const page = await context.newPage();
  await page.goto(`${gate.origin}/cart`);
  await page.goto(`${gate.origin}/cart`);
  await learned(path.join(gate.data, "csp.json"), ({ pages }) => pages?.["/cart"] === 2);
  assert.match(gate.command("csp", "suggest"), /^! script-src: 2 inline pieces on `\/cart` were others on each visit/m);
  assert.throws(() => gate.command("csp", "suggest", "--apply", "--policy", policy), /--even-if-it-breaks/);
  assert.match(readFileSync(policy, "utf8"), /csp_learn = true/);
});
