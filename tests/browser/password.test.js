// Changing the password: this browser goes on, every other one is out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, cookie, isLoggedIn, isLoggedOut, launch, logIn, open, openLoggedIn } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

const NEW = "a biscuit that keeps for years";
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

async function change(page, { from, to, again = to }) {
  const panel = page.locator("#password-panel");
  if (!(await panel.evaluate((panel) => panel.open))) await panel.locator("summary").click();
  await page.getByLabel("Present password").fill(from);
  await page.getByLabel("New password", { exact: true }).fill(to);
  await page.getByLabel("New password, again").fill(again);
  await page.getByRole("button", { name: "Change the password" }).click();
}

test("what is wrong is said at its field", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);

  await change(page, { from: "not it", to: NEW });
  await page.locator("#old_password-error").filter({ hasText: "entered incorrectly" }).waitFor();
  assert.equal(await page.getByLabel("Present password").getAttribute("aria-invalid"), "true");
  assert.equal(await page.evaluate(() => document.activeElement.id), "old_password");

  await change(page, { from: hardtack.password, to: NEW, again: "another" });
  await page.locator("#new_password2-error").filter({ hasText: "didn’t match" }).waitFor();
  assert.equal(await page.getByLabel("Present password").getAttribute("aria-invalid"), null);
  await isLoggedIn(page);
  await context.close();
});

test("this browser's session is issued anew while another browser is logged out", async () => {
  const here = await browser.newContext();
  const there = await browser.newContext();
  const page = await openLoggedIn(here, hardtack);
  const other = await openLoggedIn(there, hardtack);
  const before = { access: await cookie(here, "access"), refresh: await cookie(here, "refresh") };

  await change(page, { from: hardtack.password, to: NEW });
  await page.getByRole("status").filter({ hasText: "The password is changed." }).waitFor();
  assert.notEqual((await cookie(here, "access")).value, before.access.value);
  assert.notEqual((await cookie(here, "refresh")).value, before.refresh.value);
  assert.equal((await ask(page, "GET", "/user/")).status, 200);
  const stolen = await fetch(`${hardtack.url}/api/auth/user/`, { headers: { Authorization: `Bearer ${before.access.value}` } });
  assert.equal(stolen.status, 401, "the access token from before is dead");

  assert.equal((await ask(other, "GET", "/user/")).status, 401);
  await other.getByRole("button", { name: "Renew now" }).click();
  await isLoggedOut(other);
  await page.reload();
  await isLoggedIn(page);

  await logIn(other, NEW);
  const stranger = await open(await browser.newContext(), hardtack);
  await stranger.getByLabel("Password", { exact: true }).fill(hardtack.password);
  await stranger.getByRole("button", { name: "Log in" }).click();
  await stranger.getByText("Unable to log in with provided credentials.").waitFor();
  await here.close();
  await there.close();
});
