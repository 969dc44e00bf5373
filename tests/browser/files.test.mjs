import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { worksBehindTheGate } from "./compare.mjs";

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const text = Buffer.from("a few lines\r\n--boundary-like\r\n".repeat(20));
const large = randomBytes(20 * 1024 * 1024);
const small = randomBytes(3000);

worksBehindTheGate("files", async ({ page, origin, see }) => {
  const listed = () => page.locator("li").evaluateAll((lines) => lines.map((line) => line.innerText.trim()));
  const upload = async (note, ...files) => {
    await page.fill("input[name=note]", note);
    await page.setInputFiles("input[type=file]", files);
    await page.click("#upload");
    await page.locator("li", { hasText: files.at(-1).name }).waitFor();
  };
  const download = async (name) => {
    const [got] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
    return [got.suggestedFilename(), hash(await readFile(await got.path()))];
  };

  await page.goto(origin);
  await upload("two, at once; ümläut", { name: "notes.txt", mimeType: "text/plain", buffer: text },
    { name: "späte Grüße (1).bin", mimeType: "application/octet-stream", buffer: small });
  see("two files", await listed());
  see("text came back", await download("notes.txt"));
  see("name in UTF-8 came back", await download("späte Grüße"));

  await upload("", { name: "large.bin", mimeType: "application/octet-stream", buffer: large });
  see("20 MB arrived", await page.locator("li", { hasText: hash(large) }).count());
  see("20 MB came back", await download("large.bin"));
  await upload("an empty file", { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) });
  see("an empty file", await listed());

  see("by script", await page.evaluate(async () => {
    const sent = await fetch("/raw/by-script.bin", { method: "PUT", body: new Uint8Array(100_000).fill(7) });
    const part = await fetch("/download/by-script.bin", { headers: { Range: "bytes=10-19" } });
    const whole = await fetch("/download/by-script.bin", { cache: "no-store" });
    const again = await fetch("/download/by-script.bin", { headers: { "If-None-Match": whole.headers.get("etag") }, cache: "no-store" });
    const head = await fetch("/download/by-script.bin", { method: "HEAD" });
    const stream = await fetch("/stream/5");
    return {
      sent: [sent.status, (await sent.json()).hash],
      part: [part.status, part.headers.get("content-range"), (await part.arrayBuffer()).byteLength],
      whole: [whole.status, (await whole.arrayBuffer()).byteLength],
      again: again.status,
      head: [head.status, head.headers.get("content-length")],
      stream: [stream.status, (await stream.arrayBuffer()).byteLength],
    };
  }));
});
