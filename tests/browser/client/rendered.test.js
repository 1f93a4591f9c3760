// A page that SvelteKit renders on the server, with cookies whose access token has run out.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { cookie, eventually, launch, pause } from "../chromium.js";
import { startHardtack } from "../hardtack.js";

const BUILD = resolve(import.meta.dirname, "../../../examples/sveltekit/build");
let url;
let hardtack;
let app;
let browser;
before(async () => {
  hardtack = await startHardtack({
    "tokens.access_lifetime": "6s",
    "session.rotation_window": "2s",
    "cookies.refresh_path": "/",
  });
  const port = await freePort();
  url = `http://127.0.0.1:${port}/`;
  const env = { ...process.env, API: `${hardtack.url}/api`, HOST: "127.0.0.1", PORT: String(port) };
  app = spawn(process.execPath, [join(BUILD, "index.js")], { env, stdio: "inherit" });
  await eventually("the app listens", () => fetch(url).then(() => true, () => false));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  app?.kill();
  await hardtack?.stop();
});

async function freePort() {
  const probe = createServer();
  await new Promise((listening) => probe.listen(0, "127.0.0.1", listening));
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}

test("the first byte is the signed-in page, and the browser ends with both new cookies", async () => {
  const context = await browser.newContext();
  const login = await context.request.post(`${hardtack.url}/api/auth/login/`, { data: { username: "demo", password: hardtack.password } });
  assert.equal(login.status(), 200);
  const before = (await cookie(context, "refresh")).value;
  await eventually("the access cookie is gone", async () => !(await cookie(context, "access")));
  await pause(500);

  const page = await context.newPage();
  const answer = await page.goto(url);
  assert.match(await answer.text(), /<h1>You are demo<\/h1>/);
  assert.equal(answer.headers()["cache-control"], "private, no-store");
  const access = (await cookie(context, "access")).value;
  const refresh = (await cookie(context, "refresh")).value;
  assert.notEqual(refresh, before);

  // What it got is good: the next page renews nothing, and Hardtack knows the user.
  const user = await context.request.get(`${hardtack.url}/api/auth/user/`);
  assert.equal((await user.json()).username, "demo");
  assert.ok(access);
  await context.close();
});

test("who has no session gets the page of nobody, and dead cookies go", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const answer = await page.goto(url);
  assert.match(await answer.text(), /<h1>Log in<\/h1>/);
  await context.close();
});
