import { worksBehindTheGate } from "./compare.mjs";

worksBehindTheGate("board", async ({ page, origin, see }) => {
  const cards = () => page.locator("#cards li").evaluateAll((lines) => lines.map((line) => line.firstChild.data));
  const status = (text) => page.locator("#status", { hasText: text }).waitFor();

  await page.goto(origin);
  await page.locator("body[data-ready]").waitFor();
  see("styles", await page.locator("h1").evaluate((h1) => getComputedStyle(h1).letterSpacing));
  await page.fill("input[name=name]", "Lin");
  await page.click("#enter button");
  await status("hello Lin");

  // Markup that runs something would be refused (`edge.test.mjs`); what only looks like markup is text.
  for (const text of ["first", "<b>bold</b> & \"quoted\" <x>", '{"json": ["in", "json"]}']) {
    await page.fill("input[name=text]", text);
    await page.click("#add button");
    await page.locator("#cards li", { hasText: text }).waitFor();
  }
  await status("added");
  see("cards", await cards());

  await page.locator("#card-1").click({ position: { x: 2, y: 2 } });
  await page.locator("#card-1", { hasText: "(done)" }).waitFor();
  await page.locator("#card-2 button").click();
  await page.locator("#card-2").waitFor({ state: "detached" });
  see("changed", await cards());

  await page.fill("input[name=text]", " ");
  await page.click("#add button");
  await status("422");
  see("the app's own complaint", await page.locator("#status").textContent());

  await page.reload();
  await page.locator("body[data-ready]").waitFor();
  see("the session lasts", await page.evaluate(() => window.call("GET", "/api/cards").then((list) => list.length)));
  await page.click("#leave");
  await status("left");
  see("left", await page.evaluate(() => fetch("/api/cards").then((answer) => answer.status)));
});
