// Staying logged in when access tokens run out: here after seconds instead of minutes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, cookie, eventually, isLoggedIn, launch, open, openLoggedIn, pause } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

const LIFETIME = 6_000;
let hardtack;
let browser;
before(async () => {
  hardtack = await startHardtack({ "tokens.access_lifetime": "6s", "session.rotation_window": "2s" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await hardtack?.stop();
});

test("the page renews the access token before it ends, again and again", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  const first = { access: await cookie(context, "access"), refresh: await cookie(context, "refresh") };

  await pause(2 * LIFETIME + 1_000);
  await isLoggedIn(page);
  const later = { access: await cookie(context, "access"), refresh: await cookie(context, "refresh") };
  assert.notEqual(later.access.value, first.access.value);
  assert.notEqual(later.refresh.value, first.refresh.value, "the refresh token rotates");
  assert.ok(later.access.expires > first.access.expires + LIFETIME / 1_000);
  assert.equal((await ask(page, "GET", "/user/")).status, 200);
  await context.close();
});

test("the bar runs down and starts again", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  const bar = page.getByRole("progressbar", { name: "Remaining life of the access token" });
  const left = () => bar.evaluate((bar) => bar.value);
  const start = await left();
  await eventually("the bar runs down", async () => (await left()) < start - 2_000);
  const low = await left();
  await eventually("the bar starts again", async () => (await left()) > low + 2_000);
  await context.close();
});

test("a browser that was closed past the expiry comes back logged in", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  await page.close();
  await eventually("the access cookie is gone", async () => !(await cookie(context, "access")));
  await isLoggedIn(await open(context, hardtack));
  await context.close();
});

test("a network that fails signs nobody out", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  await context.setOffline(true);
  await page.getByRole("status").filter({ hasText: "You are still logged in" }).waitFor();
  // The access token ends meanwhile: still no reason to send anybody to the login form.
  await pause(LIFETIME);
  await isLoggedIn(page);
  await context.setOffline(false);
  await page.getByRole("status").filter({ hasNotText: "cannot be reached" }).waitFor({ state: "attached" });
  await eventually("renewed", async () => (await ask(page, "GET", "/user/")).status === 200);
  await isLoggedIn(page);
  await context.close();
});
