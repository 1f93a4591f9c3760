// What the page says when the server slows it down.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, isLoggedIn, isLoggedOut, launch, open, openLoggedIn } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

let hardtack;
let browser;
before(async () => {
  hardtack = await startHardtack({ "rate_limit.login_per_user": "2" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await hardtack?.stop();
});

test("a page that loops on refused refreshes is told to wait, and the login form stays usable", async () => {
  const context = await browser.newContext();
  const page = await open(context, hardtack);
  let answer;
  for (let tries = 0; tries < 30 && answer?.status !== 429; tries += 1) answer = await ask(page, "POST", "/token/refresh/");
  assert.equal(answer.status, 429);
  await page.reload();
  await isLoggedOut(page);

  const loggedIn = await openLoggedIn(context, hardtack);
  assert.equal((await ask(loggedIn, "POST", "/token/refresh/")).status, 200, "a good refresh passes");
  await loggedIn.reload();
  await isLoggedIn(loggedIn);
  await context.close();
});

test("too many wrong passwords show how long to wait", async () => {
  const context = await browser.newContext();
  const page = await open(context, hardtack);
  const told = page.getByText(/Too many tries\. Wait \d+ seconds\./);
  for (let tries = 0; tries < 5 && !(await told.isVisible()); tries += 1) {
    await page.getByLabel("Password", { exact: true }).fill(`wrong ${tries}`);
    const answer = page.waitForResponse((response) => response.url().endsWith("/login/"));
    await page.getByRole("button", { name: "Log in" }).click();
    await answer;
    await page.getByRole("alert").filter({ hasText: /\w/ }).waitFor();
  }
  await told.waitFor();
  await context.close();
});
