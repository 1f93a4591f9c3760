// A visitor of the hosted pages, whose every page is looked at: by axe, and in a picture.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = process.env.HARDTACK_SCREENSHOTS ?? join(import.meta.dirname, "../../target/screenshots");

export const DESK = { viewport: { width: 1280, height: 900 }, colorScheme: "light" };
export const PHONE = { viewport: { width: 360, height: 780 }, colorScheme: "dark", isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** A server with pages of a service of its own name, and a browser. */
export async function openHouse() {
  mkdirSync(PICTURES, { recursive: true });
  const hardtack = await startHardtack({
    "rate_limit.registration": "100", "pages.name": "Harbour", "pages.terms": "/terms", "pages.support": "/help",
  });
  const browser = await launch();
  const close = async () => {
    await browser.close();
    await hardtack.stop();
  };
  return { hardtack, visitor: (name, options) => visitor(browser, hardtack, name, options), close };
}

/** A visitor whose pages are looked at wherever they are. */
async function visitor(browser, hardtack, name, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) faults.push(message.text());
  });
  return {
    context,
    page,
    go: (path) => page.goto(hardtack.url + path),
    press: (selector) => page.locator(selector).click(),
    async fill(fields) {
      for (const [id, value] of Object.entries(fields)) await page.locator(`#${id}`).fill(value);
    },
    /** The one button of the page's own form. */
    send: () => page.locator("main button[type=submit].primary, main button.danger").first().click(),
    async look(what) {
      await page.locator("h1").waitFor();
      await page.screenshot({ path: join(PICTURES, `pages-${name}-${what}.png`), fullPage: true });
      const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(needed <= given, `${what} is ${needed} wide and the window ${given}`);
      if (options.javaScriptEnabled) assert.deepEqual(await complaints(page), [], what);
    },
    async end() {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

/** What axe finds wrong, serious or critical. It is evaluated from outside, for the page lets nothing in. */
async function complaints(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
