import { worksBehindTheGate } from "./compare.mjs";

worksBehindTheGate("members", async ({ page, origin, see }) => {
  await page.goto(`${origin}/sign-up`);
  await page.fill("#id_username", "alan");
  await page.fill("#id_password1", "enigma-is-broken-42");
  await page.fill("#id_password2", "enigma-is-broken-42");
  await page.click("#send");
  see("signed up", [new URL(page.url()).pathname, await page.locator(".flash").allTextContents()]);

  await page.fill("#id_username", "alan");
  await page.fill("#id_password", "not this");
  await page.click("#send");
  see("wrong password", await page.locator(".errorlist").first().textContent());
  await page.fill("#id_username", "alan");
  await page.fill("#id_password", "enigma-is-broken-42");
  await page.click("#send");
  see("signed in", await page.locator("#who").textContent());

  for (const text of ["a first note", "tape & <i>states</i>"]) {
    await page.fill("#add input[name=text]", text);
    await page.click("#add button");
    await page.locator(".flash", { hasText: "Added" }).waitFor();
  }
  await page.fill("#note-1 input[name=text]", "a first note, edited");
  await page.click("#note-1 button[value=edit]");
  await page.waitForLoadState();
  see("edited", await page.locator("li input[name=text]").evaluateAll((fields) => fields.map((field) => field.value)));
  await page.click("#note-2 button[value=delete]");
  await page.locator("#note-2").waitFor({ state: "detached" });
  see("deleted", await page.locator("li").count());

  await page.click("#ask");
  await page.waitForFunction(() => document.getElementById("count").textContent !== "?");
  see("by script, with the token from the cookie", await page.locator("#count").textContent());

  const post = (body) => fetch("/notes", { method: "POST", body: new URLSearchParams(body) }).then(({ status }) => status);
  see("without Django's token", await page.evaluate(post, { text: "x" }));

  await page.goto(origin);
  await page.click("#log-out");
  see("logged out", new URL(page.url()).pathname);
  await page.goto(origin);
  see("must log in", new URL(page.url()).pathname);
});
