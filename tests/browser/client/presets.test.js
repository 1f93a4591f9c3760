// The front-ends of the two tutorials (docs/compatibility.md), as they talk to their servers, on a port of their own.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { cookie, isLoggedIn, isLoggedOut, launch, logIn, open } from "../chromium.js";
import { startHardtack } from "../hardtack.js";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

/** A page that asks as the accounts tutorial's does: an interceptor, the CSRF cookie in a header, bodies unread. */
const ACCOUNTS = (api) => `<!doctype html><title>accounts</title><script>
  const send = (method, path, { form, token } = {}) => fetch("${api}/accounts/" + path, {
    method, credentials: "include",
    headers: { ...form && { "Content-Type": "application/json" }, ...token && { "X-CSRFToken": token } },
    body: form && JSON.stringify(form),
  });
  async function ask(method, path, init) {
    let answer = await send(method, path, init);
    if (answer.status === 401 && (await send("POST", "auth/refresh_token/")).ok) answer = await send(method, path, init);
    return { status: answer.status, body: await answer.json() };
  }
  const csrfCookie = () => /csrftoken=([^;]*)/.exec(document.cookie)?.[1];
</script>`;

const ACTIVITY = (api) => `<!doctype html><title>activity</title><script>
  async function ask(method, path, form) {
    const answer = await fetch("${api}" + path, {
      method, credentials: "include",
      headers: form && { "Content-Type": "application/json" }, body: form && JSON.stringify(form),
    });
    return { status: answer.status, body: await answer.json() };
  }
</script>`;

/** A page with Hardtack's own client, which is beside an old front-end. */
const OWN = (api) => `<!doctype html><title>own</title><script type="module">
  import { createHardtack } from "/index.js";
  window.hardtack = createHardtack({ baseUrl: "${api}/accounts/auth" });
</script>`;
const DIST = join(import.meta.dirname, "../../../clients/typescript/dist");

async function inFrontEnd(preset, write, body, settings = {}) {
  let html = "";
  const pages = createServer(async ({ url }, response) => {
    if (!url.endsWith(".js")) return response.setHeader("Content-Type", "text/html").end(html);
    response.setHeader("Content-Type", "text/javascript").end(await readFile(join(DIST, basename(url))));
  });
  await new Promise((listening) => pages.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${pages.address().port}`;
  const hardtack = await startHardtack({ preset, "cors.allowed_origins": origin, ...settings });
  html = write(hardtack.url);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(origin);
    await body({ context, page, hardtack, ask: (...args) => page.evaluate((args) => ask(...args), args) });
  } finally {
    await context.close();
    await hardtack.stop();
    pages.closeAllConnections();
    pages.close();
  }
}

test("the accounts tutorial: sign in, come back after the access token, sign out", () =>
  inFrontEnd("drf-jwt-httponly-cookie", ACCOUNTS, async ({ context, page, hardtack, ask }) => {
    assert.equal((await ask("GET", "user/")).status, 401);
    const paths = (await hardtack.requests()).map(({ path, status }) => `${path} ${status}`);
    assert.deepEqual(paths.filter((line) => line.includes("refresh_token")), ["/accounts/auth/refresh_token/ 403"], "the interceptor stops");
    const wrong = await ask("POST", "auth/login/", { form: { username: "demo", password: "wrong" } });
    assert.deepEqual(wrong, { status: 403, body: { detail: "Incorrect authentication credentials." } });

    const form = { username: "demo", password: hardtack.password };
    assert.deepEqual(await ask("POST", "auth/login/", { form }), { status: 200, body: {} });
    assert.equal((await cookie(context, "refresh_token")).path, "/accounts/auth/");
    const user = { id: 1, username: "demo", first_name: "Demo", last_name: "" };
    assert.deepEqual(await ask("GET", "user/"), { status: 200, body: user });

    // A page that is opened long afterwards: it asks for its CSRF token before anything refreshes.
    await context.clearCookies({ name: "access_token" });
    await page.reload();
    const { token } = (await ask("GET", "csrf_token/")).body;
    assert.equal(await page.evaluate(() => csrfCookie()), token);
    assert.deepEqual(await ask("GET", "user/"), { status: 200, body: user });
    assert.equal((await ask("POST", "auth/logout/")).status, 403, "without the token");
    assert.deepEqual(await ask("POST", "auth/logout/", { token }), { status: 200, body: {} });
    assert.equal(await cookie(context, "access_token"), undefined);
    assert.equal(await cookie(context, "refresh_token"), undefined);
    assert.equal((await ask("GET", "user/")).status, 401);
  }));

test("the activity tutorial: the refresh route, and renewal while somebody is active", () =>
  inFrontEnd("simplejwt-activity", ACTIVITY, async ({ context, hardtack, ask }) => {
    assert.deepEqual(await ask("POST", "/refresh-token/"), { status: 400, body: { error: "Refresh token missing" } });
    assert.equal((await ask("POST", "/api/auth/login/", { username: "demo", password: hardtack.password })).status, 200);
    const { sameSite, path } = await cookie(context, "refresh_token");
    assert.deepEqual({ sameSite, path }, { sameSite: "Strict", path: "/" });

    const refreshed = await ask("POST", "/refresh-token/");
    assert.deepEqual(refreshed, { status: 200, body: { access_token: (await cookie(context, "access_token")).value } });
    await context.clearCookies({ name: "access_token" });
    assert.equal((await ask("GET", "/api/auth/user/")).body.username, "demo", "renewed by the way");
    assert.ok((await cookie(context, "access_token")).value);

    assert.equal((await ask("POST", "/api/auth/logout/")).status, 200);
    assert.equal((await ask("POST", "/refresh-token/")).status, 400);
    await context.addCookies([{ name: "refresh_token", value: "rubbish", url: hardtack.url }]);
    assert.deepEqual(await ask("POST", "/refresh-token/"), { status: 401, body: { error: "Invalid refresh token" } });
  }));

/** The settings of docs/compatibility.md, last section. */
const FULL = {
  "response.login": "full",
  "response.refresh": "full",
  "response.missing_refresh_status": "401",
  "response.user_key": "pk",
};

test("Hardtack's own client beside the accounts tutorial's front-end, with full bodies", () =>
  inFrontEnd("drf-jwt-httponly-cookie", OWN, async ({ context, page, hardtack }) => {
    const is = (status) => page.waitForFunction((status) => window.hardtack?.session().status === status, status);
    await is("signedOut");
    const form = { username: "demo", password: hardtack.password };
    assert.equal((await page.evaluate((form) => hardtack.login(form), form)).pk, 1);
    await page.reload();
    await is("signedIn");
    await context.clearCookies({ name: "access_token" });
    assert.equal((await page.evaluate(() => hardtack.user())).username, "demo");
    assert.ok((await cookie(context, "access_token")).value, "renewed");
    await page.evaluate(() => hardtack.logout());
    await is("signedOut");
    assert.equal(await cookie(context, "refresh_token"), undefined);
  }, FULL));

for (const preset of ["drf-jwt-httponly-cookie", "simplejwt-activity"]) {
  test(`the page of --dev under ${preset}: log in, renew, be remembered over a reload, log out`, async () => {
    const hardtack = await startHardtack({ preset });
    const context = await browser.newContext();
    try {
      const page = await open(context, hardtack);
      await isLoggedOut(page);
      await logIn(page, hardtack.password);
      const before = (await cookie(context, "access_token")).value;
      const renewed = page.waitForResponse((response) => response.url().endsWith("/token/refresh/") && response.ok());
      await page.getByRole("button", { name: "Renew now" }).click();
      await renewed;
      await isLoggedIn(page);
      assert.notEqual((await cookie(context, "access_token")).value, before);
      await page.reload();
      await isLoggedIn(page);
      await page.getByRole("button", { name: "Log out", exact: true }).click();
      await isLoggedOut(page);
      assert.equal(await cookie(context, "refresh_token"), undefined);
    } finally {
      await context.close();
      await hardtack.stop();
    }
  });
}
