// A real Chromium, and what the tests do with the demo page again and again.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** A name for loopback that no `--dev` server trusts. */
export const ELSEWHERE = "elsewhere.example";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1, MAP *.test 127.0.0.1`,
];

/** With `authority`, it believes certificates that chain up to a key with this fingerprint. */
export function launch(trusting) {
  return chromium.launch(options(trusting));
}

/**
 * A browser with a profile of its own, in which embedded sites have cookies: the contexts of the other are
 * private windows, which leave them out, and so does Debian's Chromium unless it is told otherwise.
 */
export async function launchProfile(folder, trusting) {
  await mkdir(join(folder, "Default"));
  const profile = { cookie_controls_mode: 0, block_third_party_cookies: false };
  await writeFile(join(folder, "Default/Preferences"), JSON.stringify({ profile }));
  return chromium.launchPersistentContext(folder, options(trusting));
}

export function options({ authority } = {}) {
  const trust = authority ? [`--ignore-certificate-errors-spki-list=${authority}`] : [];
  return {
    executablePath: process.env.HARDTACK_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [...FLAGS, ...trust],
  };
}

/** Opens the demo page. Whatever its script or its content policy complains of fails the test. */
export async function open(context, hardtack) {
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
  });
  page.on("close", () => assert.deepEqual(faults, []));
  await page.goto(hardtack.url);
  await page.locator('body:not([data-phase="starting"])').waitFor();
  return page;
}

/** Opens the demo page and logs in on it. */
export async function openLoggedIn(context, hardtack) {
  const page = await open(context, hardtack);
  await logIn(page, hardtack.password);
  return page;
}

export async function logIn(page, password) {
  await page.getByLabel("User name").fill("demo");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await isLoggedIn(page);
}

export async function isLoggedIn(page) {
  await page.getByRole("heading", { name: "You are demo" }).waitFor();
}

export async function isLoggedOut(page) {
  await page.getByRole("heading", { name: "Log in" }).waitFor();
}

/** One cookie of the browser's jar, with the attributes that Chromium keeps. */
export async function cookie(context, name) {
  const found = (await context.cookies()).filter((cookie) => cookie.name === name);
  assert.ok(found.length < 2, `${found.length} cookies are called ${name}`);
  return found[0];
}

/** A request as a script on the page makes it: the browser adds the cookies. */
export function ask(page, method, path) {
  return page.evaluate(async ([method, path]) => {
    const answer = await fetch(`/api/auth${path}`, { method });
    return { status: answer.status, body: await answer.json() };
  }, [method, path]);
}

/** Waits until `holds()` is true, and fails with `what` when it takes too long. */
export async function eventually(what, holds, patience = 15_000) {
  const until = Date.now() + patience;
  while (!(await holds())) {
    assert.ok(Date.now() < until, `${what}: not within ${patience} ms`);
    await pause(100);
  }
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
