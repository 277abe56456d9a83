// The Studio's main path in Firefox, by WebDriver BiDi: node firefox.mjs MODULES FIREFOX LINK SCREENSHOT.
// Prints JSON: the layers that the list shows at the end, the state of saving, and the page's errors.
import { createRequire } from "node:module";

const [modules, executablePath, link, screenshot] = process.argv.slice(2);
const { default: puppeteer } = await import(createRequire(`${modules}/`).resolve("puppeteer-core"));
const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
try {
  const page = await browser.newPage();
  const errors = [];
  page.on("console", (said) => said.type() === "error" && errors.push(said.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(link);
  await (await page.waitForSelector(".sample-button")).click();
  await (await page.waitForSelector("::-p-aria(Take apart)")).click();
  await page.waitForSelector(".layer-row", { timeout: 120_000 });
  await page.waitForFunction(() => [...document.querySelectorAll("img.layer")].every((image) => image.complete));

  const name = await page.waitForSelector("::-p-aria([name='Yellow object, right'][role='button'])");
  await name.click();
  const handle = await page.waitForSelector("rect.selected");
  const box = await handle.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x - 80, y - 40, { steps: 8 });
  await page.mouse.up();
  await page.keyboard.press("F2");
  await page.keyboard.type("Cat");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".save-state").textContent === "Saved");
  const moved = await page.$eval("img[alt=Cat]", (image) => image.style.transform);
  await page.screenshot({ path: screenshot });
  const names = await page.$$eval(".layer-name", (all) => all.map((each) => each.title));
  console.log(JSON.stringify({ names, moved, errors }));
} catch (error) {
  await (await browser.pages()).at(-1).screenshot({ path: screenshot });
  throw error;
} finally {
  await browser.close();
}
