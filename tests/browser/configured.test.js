// The page on a server that is not set up as usual: other places, other names, a double-submit token.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cookie, isLoggedIn, isLoggedOut, launch, logIn, openLoggedIn } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

const NEW = "a biscuit that keeps for years";
let hardtack;
let browser;
before(async () => {
  hardtack = await startHardtack({
    "routes.base_path": "/accounts/v2",
    "cookies.access_name": "ticket",
    "cookies.refresh_name": "stub",
    "cookies.csrf_name": "xsrf",
    "csrf.double_submit": "true",
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await hardtack?.stop();
});

async function renew(page) {
  const answer = page.waitForResponse((response) => response.url().endsWith("/accounts/v2/token/refresh/") && response.ok());
  await page.getByRole("button", { name: "Renew now" }).click();
  await answer;
  await isLoggedIn(page);
}

/** A token of the session before, one that a sibling host planted, or none: each costs one more question. */
test("a double-submit token that is wrong or gone is fetched anew", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  await context.clearCookies({ name: "xsrf" });
  await renew(page);
  await context.addCookies([{ name: "xsrf", value: "planted", url: hardtack.url }]);
  await renew(page);
  assert.notEqual((await cookie(context, "xsrf")).value, "planted");
  await context.close();
});

test("the page logs in, renews, changes the password and logs out, twice", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  assert.ok(await cookie(context, "ticket"));
  assert.equal((await cookie(context, "stub")).path, "/accounts/v2");
  await renew(page);

  await page.locator("#password-panel summary").click();
  await page.getByLabel("Present password").fill(hardtack.password);
  await page.getByLabel("New password", { exact: true }).fill(NEW);
  await page.getByLabel("New password, again").fill(NEW);
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByRole("status").filter({ hasText: "The password is changed." }).waitFor();

  await page.getByRole("button", { name: "Log out", exact: true }).click();
  await isLoggedOut(page);
  await logIn(page, NEW);
  await page.reload();
  await isLoggedIn(page);
  await page.getByRole("button", { name: "Log out", exact: true }).click();
  await isLoggedOut(page);
  await context.close();
});
