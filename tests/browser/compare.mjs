// Runs one journey twice, against the bare app and behind the gate, and holds the two side by side: the user
// must have seen the same, and the gate must have added no refusal, no failed request and no console error.

import assert from "node:assert/strict";
import test from "node:test";
import { Scope, startApp, startBrowser, startGate } from "./harness.mjs";

/** Writes down what goes wrong in a browser context, with the origin's name taken out. */
export function watch(context, origin) {
  const troubles = new Set();
  // HTTP/2 has no reason phrases (RFC 9113, section 8.3.2), so they cannot be compared.
  const plain = (text) =>
    String(text)
      .replaceAll(origin, "")
      .replaceAll(origin.replace(/^http/, "ws"), "")
      .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1")
      .replace(/(status of \d+) \(.*?\)/, "$1");
  const note = (...parts) => troubles.add(parts.map(plain).join(" "));
  context.on("console", (message) => {
    const aboutPolicy = /content.security.policy|report.only|cross-origin-opener/i.test(message.text());
    if (["error", "warning"].includes(message.type()) || aboutPolicy) note("console", message.type(), message.text(), message.location().url);
  });
  context.on("weberror", (error) => note("uncaught", error.error()));
  context.on("requestfailed", (request) => {
    // Given up by the browser itself, as it does when the user has moved on: a matter of timing.
    if (request.failure()?.errorText === "net::ERR_ABORTED") return;
    note("failed", request.method(), request.url(), request.failure()?.errorText);
  });
  context.on("response", (response) => {
    if (response.status() >= 400) note("answered", response.request().method(), response.url(), response.status());
  });
  return troubles;
}

async function travel(scope, journey, { origin, authorities }) {
  const context = await startBrowser(scope, { authorities });
  const troubles = watch(context, origin);
  const seen = [];
  const see = (what, value) => seen.push([what, value]);
  const page = await context.newPage();
  page.on("dialog", (dialog) => dialog.accept());
  await journey({ page, context, origin, see });
  // Console messages and events travel on their own; the last may still be on the way.
  await page.waitForTimeout(500);
  return { seen, troubles };
}

/** Declares the test: `journey` gives the same through the gate as without it. */
export function worksBehindTheGate(app, journey) {
  test(`${app} does behind the gate what it does bare`, { timeout: 300_000 }, async (t) => {
    const scope = new Scope(t);
    const alone = await startApp(scope, app);
    const bare = await travel(scope, journey, { origin: alone.origin, authorities: [] });
    assert.notEqual(bare.seen.length, 0);

    const behind = await startApp(scope, app);
    const gate = await startGate(scope, behind.upstream);
    const told = () => `\n--- gate ---\n${gate.told.err.slice(-4000)}\n--- app ---\n${behind.told.err.slice(-4000)}`;
    let gated;
    try {
      gated = await travel(scope, journey, { origin: gate.origin, authorities: [gate.authority] });
    } catch (error) {
      error.message += `\n--- refusals ---\n${JSON.stringify(await gate.refusals(), null, 1)}${told()}`;
      throw error;
    }
    assert.deepEqual(await gate.refusals(), [], "the gate refused something");
    assert.deepEqual([...gated.troubles].filter((trouble) => !bare.troubles.has(trouble)), [], "new trouble behind the gate");
    assert.deepEqual(gated.seen, bare.seen, "the user saw something else behind the gate");
  });
}
