import assert from "node:assert/strict";
import { worksBehindTheGate } from "./compare.mjs";

worksBehindTheGate("pages", async ({ page, origin, see }) => {
  const heard = async () => JSON.parse(await page.locator("#heard").textContent()).at(-1);
  const shown = async (path) => {
    const answer = await page.goto(origin + path);
    return [answer.status(), await page.title(), await page.locator("#p").textContent()];
  };

  // Scripts, styles, frames, workers.
  await page.goto(origin);
  await page.click("#handler");
  await page.click("#link");
  await page.waitForFunction(() => Object.keys(window.done).length === 15, null, { timeout: 5000 }).catch(() => {});
  see("what ran", await page.evaluate(() => Object.fromEntries(Object.entries(window.done).sort())));
  see("styles", await page.locator("h1").evaluate((h1) => {
    const { color, marginLeft, paddingLeft } = getComputedStyle(h1);
    return [color, marginLeft, paddingLeft];
  }));
  see("popup", await page.evaluate(() => new Promise((done) => {
    addEventListener("message", ({ data }) => done(data));
    open("/popup");
  })));
  see("beacon", await page.evaluate(() => navigator.sendBeacon("/json", new Blob(['{"by": "beacon"}'], { type: "application/json" }))));

  // Forms in all their forms. The app must find what the user sent and nothing else.
  await page.click("#written button");
  see("form written by a script", await heard());
  for (const id of ["plain", "upper", "multi", "text", "button", "many", "self", "order"]) {
    await page.goto(`${origin}/forms`);
    await page.click(`#${id} button`);
    await page.waitForURL("**/heard");
    const got = await heard();
    // The boundary is the browser's own and of no interest; a token of ours would be.
    see(id, typeof got === "string" ? got.trim() : got);
  }
  await page.goto(`${origin}/forms`);
  await page.click("#outside-button");
  see("outside", await heard());
  await page.goto(`${origin}/forms`);
  await page.click("#search button");
  see("search", JSON.parse(await page.locator("body").innerText()));
  await page.goto(`${origin}/forms`);
  await page.evaluate(async () => document.body.insertAdjacentHTML("beforeend", await (await fetch("/fragment")).text()));
  await page.click("#fetched button");
  see("fetched fragment", await heard());
  await page.goBack();
  await page.goBack();
  see("back and back", await page.title());

  // JSON of a size and shape that applications send. Asked from a page that has scripts: elsewhere the gate's
  // policy for content lets nothing run.
  await page.goto(`${origin}/forms`);
  see("json", await page.evaluate(async () => {
    const value = { list: Array.from({ length: 500 }, (_, id) => ({ id, name: "n".repeat(50), tags: ["a", "b", { c: [1, null, 2.5e10, "ü"] }] })) };
    const sent = await fetch("/json", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });
    return [sent.status, Object.keys(await sent.json())];
  }));

  // Pages as they come.
  see("gzip", await shown("/zipped/gzip"));
  see("deflate", await shown("/zipped/deflate"));
  for (const name of ["utf-8", "iso-8859-1", "windows-1252", "utf-16"]) {
    see(name, await shown(`/charset/${name}`));
  }
  see("charset in a meta element", await shown("/meta-charset"));
  see("cut short", await shown("/cut-short"));
  see("another status", await shown("/teapot"));
  await page.goto(`${origin}/long`);
  see("long", [await page.locator("tr").count(), await page.locator("#end").textContent()]);
  await page.goto(`${origin}/empty`);
  see("empty", await page.locator("body").innerText());
  await page.goto(`${origin}/not-html`);
  see("not HTML", await page.locator("body").innerText());
  await page.goto(`${origin}/pieces`);
  see("pieces", await page.locator(".piece").allInnerTexts());
  const times = await page.evaluate(() => window.times);
  see("pieces came one by one", times.slice(1).every((time, n) => time - times[n] > 150));

  // Cookies, as the app gets them back; those that scripts must read stay readable.
  await page.goto(`${origin}/cookies/set`);
  const cookies = JSON.parse(await page.locator("#got").textContent());
  assert.equal(Object.keys(cookies).some((name) => /portcullis/.test(name)), false, "our own cookie is not the app's business");
  see("cookies", cookies);
  await page.goto(`${origin}/forms`);
  see("csrftoken can be read", await page.evaluate(() => /csrftoken=readable/.test(document.cookie)));
  see("a script's own cookie", await page.evaluate(async () => {
    document.cookie = "mine=1; path=/";
    return (await (await fetch("/cookies/got")).text()).includes('"mine": "1"');
  }));

  // Ways through the site.
  await page.goto(`${origin}/here`);
  see("an absolute address of its own", new URL(page.url()).pathname);
  await page.goto(`${origin}/next?next=/heard`);
  see("next", new URL(page.url()).pathname);
  await page.goto(`${origin}/out`);
  see("a fixed address elsewhere", [new URL(page.url()).hostname, await page.title()]);
  await page.goto(`${origin}/forms`);
  for (const path of ["/echo-path/a%20b/%C3%BC/c+d", "/echo-path/a/b;c=d", "/echo-path/100%25", "/search?q=a%20b%2Bc&x=%26&q=2", "/search?q=%E4%BD%A0"]) {
    see(path, await page.evaluate((to) => fetch(to).then((answer) => answer.json()), path));
  }
  see("no credentials", await page.evaluate(() => fetch("/basic", { credentials: "omit" }).then((answer) => answer.status)));
  see("basic credentials", await page.evaluate(() => fetch("/basic", { headers: { Authorization: "Basic YWRhOmI=" } }).then((answer) => answer.json())));
  see("methods", await page.evaluate(async () => {
    const asked = {};
    for (const method of ["HEAD", "OPTIONS", "DELETE", "PUT"]) {
      const answer = await fetch("/heard", { method });
      asked[method] = [answer.status, answer.headers.get("allow")?.split(", ").sort()];
    }
    return asked;
  }));
});
