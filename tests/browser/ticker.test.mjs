import assert from "node:assert/strict";
import { worksBehindTheGate } from "./compare.mjs";

worksBehindTheGate("ticker", async ({ page, origin, see }) => {
  await page.goto(origin);
  see("onload attribute ran", await page.locator("body").getAttribute("data-loaded"));
  await page.waitForFunction(() => window.arrivals.length === 5);
  const arrivals = await page.evaluate(() => window.arrivals);
  see("ticks", arrivals.map(({ id, text }) => [id, text]));
  see("list", await page.locator("li").allTextContents());
  // The app sleeps 300 ms after each of these: had anything held the stream back, they would come together.
  for (const n of [0, 2, 3]) {
    const gap = arrivals[n + 1].at - arrivals[n].at;
    assert.ok(gap > 100, `tick ${n + 1} came ${gap} ms after tick ${n}`);
  }
});
