import { worksBehindTheGate } from "./compare.mjs";

worksBehindTheGate("echo", async ({ page, origin, see }) => {
  await page.goto(origin);
  const url = `${origin.replace(/^http/, "ws")}/echo`;
  see("text", await page.evaluate((to) => window.talk(to, ["one", "zwei ≠ 2", "x".repeat(20_000)]), url));
  see("bytes", await page.evaluate((to) => window.talk(to, [new Uint8Array([1, 2, 253]), new Uint8Array(70_000).fill(1)]), url));
  see("many at once", await page.evaluate((to) => Promise.all(Array.from({ length: 8 }, (_, n) => window.talk(to, [`${n}`]))), url));
  see("not a socket", await page.evaluate((to) => window.talk(to, []).then(({ code, wasClean }) => [code, wasClean]), `${url}/none`));
});
