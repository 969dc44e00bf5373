import { worksBehindTheGate } from "./compare.mjs";

worksBehindTheGate("forms", async ({ page, context, origin, see }) => {
  const errors = () => page.locator(".error").allTextContents();

  await page.goto(`${origin}/sign-up`);
  await page.fill("#email", "grace@example.org");
  await page.fill("#password", "short");
  await page.fill("#again", "different");
  await page.click("#send");
  see("invalid", await errors());
  await page.fill("#password", "long enough now");
  await page.fill("#again", "long enough now");
  await page.click("#send");
  see("signed up", await page.locator(".flash").allTextContents());

  await page.fill("#email", "grace@example.org");
  await page.fill("#password", "long enough now");
  await page.click("#send");
  see("signed in", await page.locator("#who").textContent());

  await page.fill("input#name", "Grace O'Hopper; DROP TABLE");
  await page.selectOption("#colour", "blue");
  await page.fill("textarea#about", "a < b && c > d\n\nSELECT stars FROM sky");
  await page.click("#send");
  see("saved", [await page.locator("dd").allTextContents(), await page.locator(".flash").allTextContents()]);

  await page.click("#like");
  await page.locator("#likes", { hasText: "1" }).waitFor();
  await page.click("#like");
  await page.locator("#likes", { hasText: "2" }).waitFor();
  see("likes by script", await page.locator("#likes").textContent());

  // The app's own protection is still there behind the gate.
  const post = (body) => fetch("/log-out", { method: "POST", body: new URLSearchParams(body) }).then(({ status }) => status);
  see("a wrong token of the app's own", await page.evaluate(post, { csrf_token: "wrong" }));
  see("no token", await page.evaluate(post, {}));

  // A form left open in a second tab goes on working after the first one was sent.
  const second = await context.newPage();
  await second.goto(origin);
  await page.fill("input#name", "Grace");
  await page.click("#send");
  await second.fill("input#name", "Grace Hopper");
  await second.click("#send");
  see("second tab", await second.locator("dd#name").textContent());
  await second.close();

  await page.goto(origin);
  await page.click("#log-out");
  see("logged out", [new URL(page.url()).pathname, await page.locator(".flash").allTextContents()]);
});
