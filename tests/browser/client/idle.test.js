// Who walks away from the page is warned before the session ends, and may stay.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../chromium.js";
import { logInBare } from "./person.js";
import { SCALED, startSite } from "./site.js";

/** Seconds. */
const [IDLE, WARNING] = [16, 8];
const PATIENCE = { timeout: 60_000 };
let site;
let browser;
before(async () => {
  site = await startSite("react-hardtack", { ...SCALED, "session.idle_timeout": `${IDLE}s` });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

test("whoever does nothing is warned, stays by asking for something, and is signed out in the end", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript((idleWarning) => {
    window.warnings = [];
    window.options = { idleWarning, onIdleWarning: (seconds) => window.warnings.push({ seconds, at: performance.now() }) };
  }, WARNING * 1_000);
  await page.goto(site.bare);
  await page.waitForFunction(() => window.hardtack?.session().status === "signedOut");
  const loggedInAt = await logInBare(page, site.hardtack.password);

  const warned = async (count) => {
    await page.waitForFunction((count) => window.warnings.length >= count, count, PATIENCE);
    return page.evaluate(() => window.warnings.at(-1));
  };
  const first = await warned(1);
  assert.ok(first.seconds > 0 && first.seconds <= WARNING, `${first.seconds} s`);
  assert.ok(first.at - loggedInAt >= (IDLE - WARNING - 1) * 1_000, "not before half of the time was over");
  assert.equal(await page.evaluate(() => window.hardtack.session().status), "signedIn");

  // Somebody is there: the end is put off, and the next warning is that of a new wait.
  const stayedAt = await page.evaluate(async () => {
    const pause = () => new Promise((passed) => setTimeout(passed, 1_500));
    let sent;
    do sent = performance.now();
    while (!(await window.hardtack.user().catch(() => null)));
    // `Date`, and the end in the token, have whole seconds, so that the end is told two early at most; this makes up
    // for one of them.
    await pause();
    await window.hardtack.user();
    // What was asked before may be answered yet.
    await pause();
    window.warnings = [];
    return sent;
  });
  const second = await warned(1);
  assert.ok(second.at - stayedAt >= (IDLE - WARNING - 1) * 1_000, `warned again ${second.at - stayedAt} ms later`);

  // Nobody is: the tab renews in the background, which keeps nothing alive.
  await page.waitForFunction(() => window.hardtack.session().status === "signedOut", undefined, PATIENCE);
  assert.deepEqual(await page.evaluate(() => window.hardtack.session()), { status: "signedOut", user: null, reason: "ended" });
  assert.ok(await page.evaluate(() => performance.now()) - stayedAt >= (IDLE - 1) * 1_000, "not before its time");
  await context.close();
});
