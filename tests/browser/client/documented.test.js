// The front-ends of the guides, rebuilt from docs/contract.md section 11, and the same with `hardtack`: built by Vite, on
// a port of their own, against the binary on another.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cookie, eventually, launch, pause } from "../chromium.js";
import { isSignedOut, isUser, logIn, openApp } from "./person.js";
import { SCALED, startSite } from "./site.js";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

async function inSite(app, settings, body) {
  const site = await startSite(app, settings);
  const context = await browser.newContext();
  try {
    await body(site, context);
  } finally {
    await context.close();
    await site.stop();
  }
}

const paths = async (site) => (await site.hardtack.requests()).map(({ method, path, status }) => `${method} ${path} ${status}`).reverse();

// The documented timer renews a minute before the end: here six seconds after the login.
const TIMER = { "tokens.access_lifetime": "66s", "session.rotation_window": "2s" };

for (const app of ["react-documented", "vue-documented"]) {
  test(`${app}: log in, be remembered over a reload, log out`, () => inSite(app, {}, async (site, context) => {
    const page = await openApp(context, site);
    await isSignedOut(page);
    await page.getByLabel("User name").fill("demo");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").filter({ hasText: "Unable to log in with provided credentials." }).waitFor();
    await logIn(page, site.hardtack.password);
    await page.reload();
    await isUser(page);
    await page.getByRole("button", { name: "Where am I logged in?" }).click();
    await page.getByRole("status").filter({ hasText: "1 devices" }).waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await isSignedOut(page);
    assert.equal(await cookie(context, "refresh"), undefined);
  }));

  test(`${app}: the timer on access_expiration renews before the end`, () => inSite(app, TIMER, async (site, context) => {
    const page = await openApp(context, site);
    await isSignedOut(page);
    await logIn(page, site.hardtack.password);
    const before = (await cookie(context, "refresh")).value;
    await eventually("renewed by the timer", async () => (await cookie(context, "refresh")).value !== before);
    await isUser(page);
  }));
}

test("react-documented: the interceptor refreshes and repeats what was refused", () => inSite("react-documented", {}, async (site, context) => {
  const page = await openApp(context, site);
  await isSignedOut(page);
  await logIn(page, site.hardtack.password);
  await context.clearCookies({ name: "access" });
  await page.getByRole("button", { name: "Where am I logged in?" }).click();
  await page.getByRole("status").waitFor();
  assert.ok((await cookie(context, "access")).value);
}));

/** docs/contract.md section 11: the interceptor as printed refreshes its own refused refresh, without end. */
test("react-documented: the loop of who is signed out ends by the server's 429", () => inSite("react-documented", {}, async (site, context) => {
  const page = await openApp(context, site);
  await isSignedOut(page);
  const refreshes = site.proxy.refreshes.map(({ status }) => status);
  assert.equal(refreshes.at(-1), 429);
  assert.ok(refreshes.length > 1 && refreshes.length < 20, `${refreshes.length} refreshes`);
  await pause(1_000);
  assert.equal(site.proxy.refreshes.length, refreshes.length, "it is over");
  // And the same browser logs in as if nothing had been.
  await logIn(page, site.hardtack.password);
}));

for (const app of ["react-hardtack", "vue-hardtack"]) {
  test(`${app}: the same, with no refused refresh, no timer and no interceptor`, () => inSite(app, undefined, async (site, context) => {
    const page = await openApp(context, site);
    await isSignedOut(page);
    assert.deepEqual(site.proxy.refreshes, []);
    await page.getByLabel("User name").fill("demo");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").filter({ hasText: "Unable to log in with provided credentials." }).waitFor();
    await logIn(page, site.hardtack.password);
    await page.reload();
    await isUser(page);
    await context.clearCookies({ name: "access" });
    await page.getByRole("button", { name: "Where am I logged in?" }).click();
    await page.getByRole("status").filter({ hasText: "1 devices" }).waitFor();
    const before = (await cookie(context, "refresh")).value;
    await eventually("renewed ahead of the end", async () => (await cookie(context, "refresh")).value !== before);
    await page.getByRole("button", { name: "Log out" }).click();
    await isSignedOut(page);
    assert.ok((await paths(site)).some((line) => line === "POST /api/auth/logout/ 200"));
  }));
}

test("react-hardtack: a server that demands a double-submit token gets it, for login, renewal and logout", () =>
  inSite("react-hardtack", { ...SCALED, "csrf.double_submit": "true" }, async (site, context) => {
    const page = await openApp(context, site);
    await isSignedOut(page);
    await logIn(page, site.hardtack.password);
    const before = (await cookie(context, "refresh")).value;
    await eventually("renewed ahead of the end", async () => (await cookie(context, "refresh")).value !== before);
    await page.getByRole("button", { name: "Log out" }).click();
    await isSignedOut(page);
    assert.equal(await cookie(context, "refresh"), undefined);
  }));
