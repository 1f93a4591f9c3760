// What happens to tabs in the middle of their work: sleep, frost, closing, logout, somebody else.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { cookie, eventually, options, pause } from "../chromium.js";
import { generation, isSignedOut, isUser, logIn, logInBare, neverSignedOut, openApp } from "./person.js";
import { startSite } from "./site.js";

const LIFETIME = 6_000;
let site;
let server;
let browser;
before(async () => {
  site = await startSite("react-hardtack");
  // A server and not a plain launch: its process can be stopped and continued, as a laptop's lid does.
  server = await chromium.launchServer(options());
  browser = await chromium.connect(server.wsEndpoint());
});
after(async () => {
  await server?.close();
  await site?.stop();
});

async function tabs(number) {
  const context = await browser.newContext();
  const opened = [await openApp(context, site)];
  await logIn(opened[0], site.hardtack.password);
  while (opened.length < number) opened.push(await openApp(context, site));
  for (const tab of opened) await isUser(tab);
  return { context, opened };
}

/** Waits until a refresh has been answered by the server and lies in the proxy. */
async function holdRefresh() {
  site.proxy.refreshes.length = 0;
  site.proxy.holds = (path) => path.endsWith("/token/refresh/");
  await eventually("a tab refreshes", () => site.proxy.refreshes.length > 0);
}

const isRenewed = (context, before) => eventually("renewed", async () => (await generation(context)) > before);

test("a machine that slept past the expiry wakes signed in", async () => {
  const { context, opened } = await tabs(2);
  const before = await generation(context);
  const processes = family(server.process().pid);
  for (const pid of processes) process.kill(pid, "SIGSTOP");
  await pause(LIFETIME + 2_000);
  for (const pid of processes) process.kill(pid, "SIGCONT");
  await opened[0].getByRole("button", { name: "Where am I logged in?" }).click();
  await opened[0].getByRole("status").waitFor();
  await isRenewed(context, before);
  await neverSignedOut(...opened);
  await context.close();
});

test("a tab that freezes with the lock in its hand holds up nobody for long", async () => {
  const { context, opened: [frozen] } = await tabs(1);
  await holdRefresh();
  const devtools = await context.newCDPSession(frozen);
  await devtools.send("Debugger.enable");
  await devtools.send("Debugger.pause");
  site.proxy.release();
  const lost = await cookie(context, "access");

  const other = await openApp(context, site);
  await isUser(other);
  const before = await generation(context);
  await isRenewed(context, before);
  await pause(LIFETIME);
  await other.getByRole("button", { name: "Where am I logged in?" }).click();
  await other.getByRole("status").waitFor();
  assert.notEqual((await cookie(context, "access")).value, lost?.value);
  await devtools.send("Debugger.disable");
  await neverSignedOut(frozen, other);
  await context.close();
});

test("a tab that is closed in the middle of its refresh leaves the others signed in", async () => {
  const { context, opened: [closed, other] } = await tabs(2);
  const before = await generation(context);
  // Only the first is visible enough to renew: the other waits for its turn at the lock, or has not begun.
  await holdRefresh();
  await closed.close();
  site.proxy.release();
  await isRenewed(context, before);
  await pause(LIFETIME);
  await other.getByRole("button", { name: "Where am I logged in?" }).click();
  await other.getByRole("status").waitFor();
  await neverSignedOut(other);
  await context.close();
});

test("a logout in one tab signs out all within a second", async () => {
  const { context, opened } = await tabs(5);
  await opened[0].getByRole("button", { name: "Log out" }).click();
  await isSignedOut(opened[0]);
  const started = Date.now();
  await Promise.all(opened.map((tab) => isSignedOut(tab, 1_000)));
  console.log(`five tabs were signed out ${Date.now() - started} ms after the first`);
  assert.equal(await cookie(context, "refresh"), undefined);
  await context.close();
});

test("another user who logs in clears what the tabs had of the first", async () => {
  site.hardtack.command(["user", "add", "bob", "--password-stdin"], "a biscuit that keeps for years");
  const { context, opened } = await tabs(3);
  for (const tab of opened) await tab.getByLabel("Note").fill("what only demo may read");
  const elsewhere = await context.newPage();
  await elsewhere.goto(site.bare);
  await elsewhere.waitForFunction(() => window.hardtack?.session().status === "signedIn");
  await logInBare(elsewhere, "a biscuit that keeps for years", "bob");
  for (const tab of opened) {
    await isUser(tab, "bob");
    assert.equal(await tab.getByLabel("Note").inputValue(), "");
  }
  await context.close();
});

test("an answer of the session before, that lands late, does not sign out who logged in since", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(site.bare);
  const credentials = { username: "demo", password: site.hardtack.password };
  await page.waitForFunction(() => window.hardtack?.session().status === "signedOut");
  await logInBare(page, site.hardtack.password);
  // Twenty at once past the expiry, a logout and a login in the middle of it.
  await page.waitForTimeout(LIFETIME);
  const user = await page.evaluate(async (credentials) => {
    const url = performance.getEntriesByType("resource").map(({ name }) => name).find((name) => name.includes("/session/"));
    const requests = Array.from({ length: 20 }, () => window.hardtack.fetch(url.replace("session", "user")).catch(() => {}));
    while (!(await window.hardtack.login(credentials).catch(() => null)));
    await Promise.all(requests);
    return (await window.hardtack.user())?.username;
  }, credentials);
  assert.equal(user, "demo");
  assert.equal(await page.evaluate(() => window.hardtack.session().status), "signedIn");
  await context.close();
});

/** A process and all that came from it. */
function family(pid) {
  const parents = new Map();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [pid];
  for (const parent of found) {
    for (const [child, its] of parents) if (its === parent) found.push(child);
  }
  return found;
}
