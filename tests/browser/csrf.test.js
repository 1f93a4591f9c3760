// A page of another site, in a real browser: what it can send, and what comes of it.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { ELSEWHERE, ask, cookie, isLoggedIn, launch, openLoggedIn } from "./chromium.js";
import { startHardtack } from "./hardtack.js";

let hardtack;
let browser;
let attacker;
let attackerUrl;
before(async () => {
  hardtack = await startHardtack();
  browser = await launch();
  // `--dev` trusts other ports of loopback, so the attacker needs a name.
  attacker = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html><title>x</title>"));
  await new Promise((listening) => attacker.listen(0, "127.0.0.1", listening));
  attackerUrl = `http://${ELSEWHERE}:${attacker.address().port}/`;
});
after(async () => {
  attacker?.close();
  attacker?.closeAllConnections();
  await browser?.close();
  await hardtack?.stop();
});

/** Sends a form from the attacker's page, which navigates to the answer. Returns its status. */
async function sendForm(context, path, fields) {
  const page = await context.newPage();
  await page.goto(attackerUrl);
  const answer = page.waitForResponse((response) => response.request().method() === "POST");
  await page.evaluate(([action, fields]) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    for (const [name, value] of Object.entries(fields)) {
      form.append(Object.assign(document.createElement("input"), { name, value, type: "hidden" }));
    }
    document.body.append(form);
    form.submit();
  }, [`${hardtack.url}/api/auth${path}`, fields]);
  const status = (await answer).status();
  await page.close();
  return status;
}

/** Login CSRF: the victim would go on in the attacker's account (docs/contract.md §10.5). */
test("another site cannot log the browser in", async () => {
  const context = await browser.newContext();
  const status = await sendForm(context, "/login/", { username: "demo", password: hardtack.password });
  assert.equal(status, 403);
  assert.deepEqual(await context.cookies(), []);
  await context.close();
});

test("another site cannot log the browser out, change the password or rotate its session", async () => {
  const context = await browser.newContext();
  const page = await openLoggedIn(context, hardtack);
  const refresh = (await cookie(context, "refresh")).value;
  const change = { old_password: hardtack.password, new_password1: "taken over today", new_password2: "taken over today" };
  for (const [path, fields] of [["/logout/", {}], ["/token/refresh/", {}], ["/password/change/", change]]) {
    const status = await sendForm(context, path, fields);
    assert.ok(status === 403 || status === 401, `${path}: ${status}`);
  }
  assert.equal((await cookie(context, "refresh")).value, refresh);
  await page.reload();
  await isLoggedIn(page);
  assert.equal((await ask(page, "GET", "/user/")).status, 200);
  await context.close();
});

test("a script of another site reads nothing", async () => {
  const context = await browser.newContext();
  await openLoggedIn(context, hardtack);
  const page = await context.newPage();
  await page.goto(attackerUrl);
  const read = await page.evaluate(async (url) => {
    const paths = ["/api/auth/user/", "/api/auth/session/", "/dev/requests"];
    const answers = paths.map((path) => fetch(url + path, { credentials: "include" }).then((answer) => answer.text(), () => null));
    return Promise.all(answers);
  }, hardtack.url);
  assert.deepEqual(read, [null, null, null]);
  await context.close();
});

/** DNS rebinding: the attacker's name points at the victim's own machine. */
test("the demo server answers to no name but loopback's", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const { port } = new URL(hardtack.url);
  const answer = await page.goto(`http://${ELSEWHERE}:${port}/`);
  assert.ok(answer.status() >= 400, `it answered ${answer.status()}`);
  await context.close();
});
