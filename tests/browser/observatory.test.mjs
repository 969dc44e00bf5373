// Mozilla's header scanner on Flask's tutorial app behind the gate's defaults: grade A or better. It asks the
// usual ports, 443 and 80, so this test needs to be allowed to bind them (root, or the capability); and it asks
// by a name, for browsers are not to be told HTTPS only for `localhost`, where other servers live as well.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import net from "node:net";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { watch } from "./compare.mjs";
import { Scope, startApp, startBrowser, startGate } from "./harness.mjs";
import { journey } from "./tutorial.mjs";

const NAME = "tutorial.example";
const here = path.dirname(fileURLToPath(import.meta.url));
const scanner = path.join(here, "node_modules/@mdn/mdn-http-observatory/src/scan.js");

/** The scanner knows no other ports. */
async function mayBind(port) {
  const server = net.createServer();
  await new Promise((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", done)).catch(({ code }) => {
    throw new Error(`this test needs 127.0.0.1:${port}, which is refused (${code}): free it, or run as root`);
  });
  await new Promise((done) => server.close(done));
}

async function scan(authority, host) {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", path.join(here, "resolve.mjs"), scanner, host], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: authority },
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout);
}

test("the tutorial app behind the gate has grade A or better", { timeout: 300_000 }, async (t) => {
  await mayBind(443);
  await mayBind(80);
  const scope = new Scope(t);
  const app = await startApp(scope, "tutorial");
  const gate = await startGate(scope, app.upstream, { https: 443, http: 80, more: ["--host", NAME] });
  const { scan: result, tests } = await scan(gate.authority, NAME);
  t.diagnostic(`grade ${result.grade}, score ${result.score}, ${result.testsPassed} of ${result.testsQuantity} tests passed`);
  for (const [name, { pass, result, scoreModifier }] of Object.entries(tests)) {
    t.diagnostic(`${pass === false ? "fail" : "pass"} ${name}: ${result} (${scoreModifier})`);
  }
  assert.match(result.grade, /^A/);
});

test("with the policy that its traffic suggests the tutorial app has A+ and works", { timeout: 300_000 }, async (t) => {
  await mayBind(443);
  await mayBind(80);
  const scope = new Scope(t);
  const policy = path.join(scope.directory(), "portcullis.toml");
  writeFileSync(policy, "[headers]\ncsp_learn = true\n");
  const travel = async (gate, app, origin) => {
    const context = await startBrowser(scope, { authorities: [gate.authority] });
    const troubles = watch(context, origin);
    const page = await context.newPage();
    page.on("dialog", (dialog) => dialog.accept());
    const seen = [];
    await journey({ page, origin, see: (...what) => seen.push(what) });
    await page.waitForTimeout(2500);
    return { seen, troubles: [...troubles] };
  };

  const first = await startApp(scope, "tutorial");
  const learning = await startGate(scope, first.upstream, { more: ["--policy", policy] });
  const before = await travel(learning, first, learning.origin);
  assert.ok(existsSync(path.join(learning.data, "csp.json")));
  learning.command("csp", "suggest", "--apply", "--policy", policy);
  await learning.terminate();
  t.diagnostic(readFileSync(policy, "utf8").replaceAll("\n", "; "));

  const second = await startApp(scope, "tutorial");
  const more = ["--host", NAME, "--policy", policy];
  const gate = await startGate(scope, second.upstream, { https: 443, http: 80, more });
  const after = await travel(gate, second, "https://localhost");
  assert.deepEqual(after.seen, before.seen);
  assert.deepEqual(after.troubles.filter((trouble) => /policy/i.test(trouble)), []);
  const { scan: result, tests } = await scan(gate.authority, NAME);
  t.diagnostic(`grade ${result.grade}, score ${result.score}, ${result.testsPassed} of ${result.testsQuantity} tests passed`);
  assert.equal(result.grade, "A+");
  assert.ok(tests["content-security-policy"].pass, JSON.stringify(tests["content-security-policy"]));
});
