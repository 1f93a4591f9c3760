// How the page looks and how it is used without a mouse. The pictures land in target/screenshots.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isLoggedIn, isLoggedOut, launch, open, openLoggedIn } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

const PICTURES = process.env.HARDTACK_SCREENSHOTS ?? join(import.meta.dirname, "../../target/screenshots");
let hardtack;
let browser;
before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  hardtack = await startHardtack();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await hardtack?.stop();
});

const LOOKS = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 360, height: 780 }, colorScheme: "light", isMobile: true, deviceScaleFactor: 2 },
  "phone-dark": { viewport: { width: 360, height: 780 }, colorScheme: "dark", isMobile: true, deviceScaleFactor: 2 },
};

for (const [name, look] of Object.entries(LOOKS)) {
  test(`the page fits: ${name}`, async () => {
    const context = await browser.newContext(look);
    const stranger = await open(context, hardtack);
    await stranger.screenshot({ path: join(PICTURES, `${name}-login.png`) });
    await stranger.close();

    const page = await openLoggedIn(context, hardtack);
    await page.locator("summary").click();
    await page.getByRole("row").filter({ hasText: "POST /api/auth/login/" }).first().waitFor();
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
    const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(needed <= given, `the page is ${needed} wide and the window ${given}`);
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
    assert.equal(ground.every((channel) => channel < 128), look.colorScheme === "dark");
    await context.close();
  });
}

test("the keyboard alone logs in, renews and logs out, and focus never gets lost", async () => {
  const context = await browser.newContext();
  const page = await open(context, hardtack);
  const focused = () => page.evaluate(() => document.activeElement.id);
  const tabTo = async (id) => {
    for (let presses = 0; presses < 20; presses += 1) {
      if ((await focused()) === id) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not reach ${id}`);
  };

  await tabTo("password");
  await page.keyboard.type(hardtack.password);
  await page.keyboard.press("Enter");
  await isLoggedIn(page);
  assert.equal(await focused(), "you-title");
  await tabTo("renew");
  await page.keyboard.press("Space");
  await page.getByRole("status").filter({ hasText: "Renewed." }).waitFor();
  await page.evaluate(() => document.getElementById("you-title").focus());
  await tabTo("logout");
  await page.keyboard.press("Enter");
  await isLoggedOut(page);
  assert.equal(await focused(), "password");
  await context.close();
});
