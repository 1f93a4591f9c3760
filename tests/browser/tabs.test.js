// Several tabs, one cookie jar.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, cookie, eventually, isLoggedIn, isLoggedOut, launch, logIn, open, openLoggedIn, pause } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

const WINDOW = 2_000;
let hardtack;
let browser;
before(async () => {
  hardtack = await startHardtack({ "tokens.access_lifetime": "60s", "session.rotation_window": "2s" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await hardtack?.stop();
});

async function twoTabs() {
  const context = await browser.newContext();
  const first = await openLoggedIn(context, hardtack);
  const second = await open(context, hardtack);
  await isLoggedIn(second);
  return { context, first, second };
}

test("two tabs refreshing at once both stay logged in, with one successor", async () => {
  const { context, first, second } = await twoTabs();
  await pause(WINDOW + 200);
  const before = (await cookie(context, "refresh")).value;

  // Straight to the server, without the lock that keeps the page's own tabs apart.
  const answers = Promise.all([first, second].map((tab) =>
    tab.waitForResponse((response) => response.url().endsWith("/token/refresh/"))));
  const bodies = await Promise.all([ask(first, "POST", "/token/refresh/"), ask(second, "POST", "/token/refresh/")]);
  assert.deepEqual(bodies.map(({ status }) => status), [200, 200]);

  const successors = await Promise.all((await answers).map(async (answer) => {
    const headers = await answer.headersArray();
    const lines = headers.filter(({ name }) => name.toLowerCase() === "set-cookie").flatMap(({ value }) => value.split("\n"));
    return lines.find((line) => line.startsWith("refresh=")).split(";")[0];
  }));
  assert.equal(successors[0], successors[1]);
  assert.equal((await cookie(context, "refresh")).value, successors[0].slice("refresh=".length));
  assert.notEqual((await cookie(context, "refresh")).value, before);

  await pause(WINDOW + 200);
  for (const tab of [first, second]) {
    assert.equal((await ask(tab, "POST", "/token/refresh/")).status, 200);
    await isLoggedIn(tab);
  }
  await context.close();
});

test("renewal in one tab moves the other, which asks nothing itself", async () => {
  const { context, first, second } = await twoTabs();
  const left = () => second.locator("#life").evaluate((bar) => bar.value);
  await eventually("the bar has run down a little", async () => (await left()) < 57_000);
  const before = (await hardtack.requests())[0].id;

  await first.getByRole("button", { name: "Renew now" }).click();
  await eventually("the other tab's bar is full again", async () => (await left()) > 58_000, 2_000);
  const since = (await hardtack.requests()).filter((request) => request.id > before);
  assert.deepEqual(since.map(({ path }) => path), ["/api/auth/token/refresh/"]);
  await context.close();
});

test("ten clicks in both tabs at once end in one session that lives", async () => {
  const { context, first, second } = await twoTabs();
  await pause(WINDOW + 200);
  const click = (tab) => tab.evaluate(() => {
    for (let n = 0; n < 10; n += 1) document.getElementById("renew").click();
  });
  await Promise.all([click(first), click(second)]);
  await pause(WINDOW + 200);
  for (const tab of [first, second]) {
    assert.equal((await ask(tab, "POST", "/token/refresh/")).status, 200);
    await isLoggedIn(tab);
  }
  await context.close();
});

test("logging out in one tab ends the other, and its next request is refused", async () => {
  const { context, first, second } = await twoTabs();
  await first.getByRole("button", { name: "Log out" }).click();
  await isLoggedOut(first);
  await isLoggedOut(second);
  await second.getByRole("status").filter({ hasText: "You logged out in another tab." }).waitFor();
  assert.equal((await ask(second, "GET", "/user/")).status, 401);
  assert.equal((await ask(second, "POST", "/token/refresh/")).status, 401);
  await context.close();
});

test("logging in in one tab logs in the other", async () => {
  const context = await browser.newContext();
  const first = await open(context, hardtack);
  const second = await open(context, hardtack);
  await isLoggedOut(second);
  await logIn(first, hardtack.password);
  await isLoggedIn(second);
  await context.close();
});

test("a session that the operator ends sends the page to the login form", async () => {
  const { context, first, second } = await twoTabs();
  hardtack.command(["session", "revoke", "--user", "demo"]);
  await eventually("the server has noticed", async () => (await ask(first, "GET", "/user/")).status === 401, 5_000);
  await first.getByRole("button", { name: "Renew now" }).click();
  await isLoggedOut(first);
  await isLoggedOut(second);
  await context.close();
});
