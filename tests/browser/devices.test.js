// The list of devices: seen from one browser, signed out from there, refused in the other.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, cookie, isLoggedIn, isLoggedOut, launch, open, openLoggedIn } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
/** Within this many milliseconds a device that was signed out must be refused. */
const AT_ONCE = 1_000;
let hardtack;
let browser;
before(async () => {
  hardtack = await startHardtack();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await hardtack?.stop();
});

/** Two browsers of one person; the second says that it is another one. */
async function twoBrowsers() {
  const [here, there] = [await browser.newContext(), await browser.newContext({ userAgent: FIREFOX })];
  const other = await openLoggedIn(there, hardtack);
  const page = await openLoggedIn(here, hardtack);
  await page.getByRole("heading", { name: "Where you are logged in" }).waitFor();
  const close = async () => {
    await here.close();
    await there.close();
    hardtack.command(["session", "revoke", "--user", "demo"]);
  };
  return { here, there, page, other, close };
}

const rows = (page) => page.getByRole("list", { name: "Where you are logged in" }).getByRole("listitem");

test("one browser signs the other out from the list, and its next request is refused within a second", async () => {
  const { page, other, close } = await twoBrowsers();
  await rows(page).nth(1).waitFor();
  assert.equal(await rows(page).count(), 2);
  await rows(page).filter({ hasText: "Chrome on Linux" }).filter({ hasText: "this one" }).waitFor();
  assert.equal((await ask(other, "GET", "/user/")).status, 200);

  await rows(page).filter({ hasText: "Firefox on Windows" }).getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("status").filter({ hasText: "Firefox on Windows is signed out" }).waitFor();
  const said = Date.now();
  assert.equal((await ask(other, "GET", "/user/")).status, 401);
  assert.ok(Date.now() - said < AT_ONCE, "refused, and at once");
  assert.equal(await rows(page).count(), 1);
  assert.equal(await page.evaluate(() => document.activeElement.id), "devices-title");

  await other.getByRole("button", { name: "Renew now" }).click();
  await isLoggedOut(other);
  assert.equal((await ask(page, "GET", "/user/")).status, 200);
  await isLoggedIn(page);
  await close();
});

test("signing this browser out from the list is logging out", async () => {
  const { here, page, other, close } = await twoBrowsers();
  await rows(page).filter({ hasText: "this one" }).getByRole("button", { name: "Sign out" }).click();
  await isLoggedOut(page);
  assert.equal(await cookie(here, "access"), undefined);
  assert.equal(await cookie(here, "refresh"), undefined);
  assert.equal((await ask(other, "GET", "/user/")).status, 200);
  await close();
});

test("signing out everywhere reaches both browsers", async () => {
  const { here, page, other, close } = await twoBrowsers();
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await isLoggedOut(page);
  assert.equal(await cookie(here, "refresh"), undefined);
  assert.equal((await ask(other, "GET", "/user/")).status, 401);
  await other.reload();
  await isLoggedOut(other);
  await close();
});

test("a device that logs in later is there when one looks again, and remembered if it asked for it", async () => {
  const { page, there, other, close } = await twoBrowsers();
  await other.getByRole("button", { name: "Log out" }).click();
  await isLoggedOut(other);
  await other.getByLabel("Keep me logged in for longer").check();
  await other.getByLabel("Password", { exact: true }).fill(hardtack.password);
  await other.getByRole("button", { name: "Log in" }).click();
  await isLoggedIn(other);
  const month = Date.now() / 1_000 + 29 * 86_400;
  assert.ok((await cookie(there, "refresh")).expires > month);

  await page.getByRole("button", { name: "Look again" }).click();
  await rows(page).filter({ hasText: "Firefox on Windows" }).filter({ hasText: "remembered" }).waitFor();
  await close();
});

/** docs/contract.md §12: what is not to be remembered is gone with the browser. */
test("a login that is not to be remembered leaves cookies that end with the browser", async () => {
  const context = await browser.newContext();
  const page = await open(context, hardtack);
  const password = hardtack.password;
  const logIn = (password) => fetch("/api/auth/login/", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: "demo", password, remember_me: false }),
  }).then(({ status }) => status);
  assert.equal(await page.evaluate(logIn, password), 200);
  const ends = async () => [(await cookie(context, "access")).expires, (await cookie(context, "refresh")).expires];
  assert.deepEqual(await ends(), [-1, -1]);
  assert.equal((await ask(page, "POST", "/token/refresh/")).status, 200);
  assert.deepEqual(await ends(), [-1, -1]);
  await context.close();
});
