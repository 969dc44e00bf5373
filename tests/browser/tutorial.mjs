// What a visitor does in Flask's tutorial app.

export async function journey({ page, origin, see }) {
  const titles = () => page.locator("article h1").allTextContents();
  const flash = () => page.locator(".flash").allTextContents();

  await page.goto(origin);
  see("title", await page.title());
  see("style", await page.locator("nav").evaluate((nav) => getComputedStyle(nav).display));

  await page.getByRole("link", { name: "Register" }).click();
  await page.fill("#username", "ada");
  await page.fill("#password", "an honest password");
  await page.click("input[type=submit]");
  see("after signing up", new URL(page.url()).pathname);

  await page.fill("#username", "ada");
  await page.fill("#password", "a wrong password");
  await page.click("input[type=submit]");
  see("wrong password", await flash());
  await page.fill("#username", "ada");
  await page.fill("#password", "an honest password");
  await page.click("input[type=submit]");
  see("after logging in", await page.locator("nav span").textContent());

  for (const title of ["First post", "Käse & <b>bold</b> claims"]) {
    await page.goto(origin);
    await page.getByRole("link", { name: "New" }).click();
    await page.fill("#title", title);
    await page.fill("#body", "It's a line; -- and\nanother one, with <script> in the text & 100% of '\"quotes\"'");
    await page.click("input[type=submit]");
  }
  see("posts", (await titles()).sort());
  see("bodies", await page.locator("p.body").allTextContents());

  await page.locator("article", { hasText: "First post" }).getByRole("link", { name: "Edit" }).click();
  await page.fill("#title", "First post, edited");
  await page.click("input[value=Save]");
  see("edited", (await titles()).sort());

  await page.locator("article", { hasText: "edited" }).getByRole("link", { name: "Edit" }).click();
  await page.click("input[value=Delete]");
  see("deleted", await titles());

  await page.goto(`${origin}/1000/update`);
  see("not there", await page.locator("h1").textContent());

  await page.goto(origin);
  await page.getByRole("link", { name: "Log Out" }).click();
  see("logged out", await page.locator("nav a").allTextContents());
  await page.goto(`${origin}/create`);
  see("must log in", new URL(page.url()).pathname);
}
