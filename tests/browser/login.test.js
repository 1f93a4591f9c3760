// Logging in, and what the browser keeps of it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, cookie, isLoggedIn, isLoggedOut, launch, logIn, open, openLoggedIn } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

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

test("the printed password logs in, and a reload keeps the session", async () => {
  const context = await browser.newContext();
  const page = await open(context, hardtack);
  await isLoggedOut(page);
  await logIn(page, hardtack.password);
  await page.reload();
  await isLoggedIn(page);
  await context.close();
});

test("a wrong password says so, sets no cookie and keeps the form", async () => {
  const context = await browser.newContext();
  const page = await open(context, hardtack);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Unable to log in with provided credentials.").waitFor();
  await isLoggedOut(page);
  assert.deepEqual(await context.cookies(), []);
  await context.close();
});

test("scripts see neither token, in cookies, storage or bodies", async () => {
  const context = await browser.newContext();
  const page = await open(context, hardtack);
  const answer = page.waitForResponse((response) => response.url().endsWith("/login/"));
  await logIn(page, hardtack.password);

  const body = await (await answer).json();
  assert.equal(body.access, "");
  assert.equal(body.refresh, "");
  const seen = await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]);
  assert.deepEqual(seen, ["", 0, 0]);
  await context.close();
});

test("Chromium keeps both cookies HttpOnly and SameSite, and the refresh cookie on its path", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);

  const access = await cookie(context, "access");
  assert.equal(access.httpOnly, true);
  assert.equal(access.sameSite, "Lax");
  assert.equal(access.path, "/");
  const refresh = await cookie(context, "refresh");
  assert.equal(refresh.httpOnly, true);
  assert.equal(refresh.sameSite, "Lax");
  assert.equal(refresh.path, "/api/auth");
  assert.equal((await context.cookies()).length, 2, "nothing else is kept");

  await page.reload();
  await isLoggedIn(page);
  const requests = await hardtack.requests();
  const load = requests.find((request) => request.path === "/");
  assert.deepEqual(load.sent, ["access"], "a page load leaves the refresh cookie at home");
  const user = requests.find((request) => request.path === "/api/auth/user/");
  assert.deepEqual(user.sent.toSorted(), ["access", "refresh"]);
  await context.close();
});

test("the page shows the requests, their cookies and flags, and no value", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  const values = (await context.cookies()).map((cookie) => cookie.value);

  const login = page.getByRole("row").filter({ hasText: "POST /api/auth/login/" }).first();
  await login.waitFor();
  assert.match(await login.innerText(), /refresh Path=\/api\/auth · HttpOnly · SameSite=Lax · Max-Age=\d+/);
  const everything = (await page.content()) + JSON.stringify(await hardtack.requests());
  for (const value of values) assert.ok(!everything.includes(value));
  await context.close();
});

test("logging out clears the cookies and ends the access token at once", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  const stolen = (await cookie(context, "access")).value;
  await page.getByRole("button", { name: "Log out" }).click();
  await isLoggedOut(page);
  assert.deepEqual(await context.cookies(), []);
  assert.equal((await ask(page, "GET", "/user/")).status, 401);
  const used = await fetch(`${hardtack.url}/api/auth/user/`, { headers: { Authorization: `Bearer ${stolen}` } });
  assert.equal(used.status, 401);
  await context.close();
});
