// Renewal ahead of expiry, and what time, networks and machines do to it.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ALICE, BOB, eventually, json, LIFETIME, pass, settle, World, wrongBy } from "./world.js";

let world: World;
beforeEach(() => { world = new World(); });
afterEach(() => world.end());

const REFRESH = "POST token/refresh/";
const A_YEAR = 365 * 86_400_000;

test("the token is renewed in the last minute of its life, and not before", async () => {
  await world.signedIn();
  await pass(LIFETIME - 62_000);
  expect(world.rotations).toBe(0);
  await pass(40_000);
  expect(world.rotations).toBe(1);
  await pass(10 * LIFETIME);
  expect(world.rotations).toBeGreaterThanOrEqual(10);
  expect(world.rotations).toBeLessThanOrEqual(12);
});

test("ten tabs renew once for each expiry", async () => {
  await world.signedIn();
  for (let n = 1; n < 10; n += 1) world.tab();
  await settle();
  await pass(5 * LIFETIME);
  expect(world.rotations).toBeGreaterThanOrEqual(5);
  expect(world.rotations).toBeLessThanOrEqual(6);
});

test.each([["behind", -A_YEAR], ["ahead", A_YEAR]])("a laptop whose clock is a year %s renews in time", async (_, off) => {
  await world.signedIn({ clock: wrongBy(() => off) });
  await pass(LIFETIME - 62_000);
  expect(world.rotations).toBe(0);
  await pass(61_000);
  expect(world.rotations).toBe(1);
});

test("a clock that is set back by a day while the page is open makes nothing late", async () => {
  let off = 0;
  await world.signedIn({ clock: wrongBy(() => off) });
  await pass(60_000);
  off = -86_400_000;
  await pass(LIFETIME - 60_000);
  expect(world.rotations).toBe(1);
});

test("a machine that slept past the expiry renews within the heartbeat of its wake", async () => {
  let slept = 0;
  await world.signedIn({ clock: wrongBy(() => slept) });
  await pass(60_000);
  // Timers and the steady clock stood still; the wall clock, and the server's, did not.
  slept = 3_600_000;
  delete world.jar.access;
  await pass(21_000);
  expect(world.rotations).toBe(1);
});

test("a hidden tab renews nothing until it is shown", async () => {
  await world.signedIn();
  world.page.hidden = true;
  await pass(5 * LIFETIME);
  expect(world.rotations).toBe(0);
  world.page.hidden = false;
  world.page.say("visibilitychange");
  await settle();
  expect(world.rotations).toBe(1);
});

test("a renewal that nobody asked for is marked, unless somebody was at the machine since the last", async () => {
  await world.signedIn();
  const marks = () => world.log.filter(({ line }) => line === REFRESH).map(({ request }) => request.headers.has("X-Hardtack-Background"));
  await pass(LIFETIME);
  world.page.say("keydown");
  await pass(LIFETIME);
  await pass(LIFETIME);
  expect(marks()).toEqual([false, false, true]);
});

test.each([
  ["no network", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["503", () => json(503, { detail: "Too busy." })],
  ["500 without a body", () => new Response(null, { status: 500 })],
  ["403", () => json(403, { detail: "CSRF Failed: Origin checking failed" })],
  ["an answer that is not JSON", () => new Response("<html>", { status: 200 })],
])("%s keeps the session, and it is tried again at growing distances", async (_, answer) => {
  const tab = await world.signedIn();
  world.intercept = (line) => line === REFRESH ? answer() : undefined;
  await pass(LIFETIME + 300_000);
  expect(tab.session()).toMatchObject({ status: "signedIn", user: ALICE });
  expect(tab.session().error).toBeDefined();
  expect(world.count(REFRESH)).toBeGreaterThan(4);
  expect(world.count(REFRESH)).toBeLessThan(20);
  world.intercept = undefined;
  await pass(130_000);
  expect(tab.session()).toEqual({ status: "signedIn", user: ALICE });
});

test("Retry-After is kept, by requests too", async () => {
  const tab = await world.signedIn();
  world.intercept = (line) => line === REFRESH ? json(429, {}, { "Retry-After": "300" }) : undefined;
  await pass(LIFETIME);
  expect(world.count(REFRESH)).toBe(1);
  delete world.jar.access;
  expect((await tab.fetch("https://app.example/notes")).status).toBe(401);
  await pass(230_000);
  expect(world.count(REFRESH)).toBe(1);
  expect(tab.session()).toMatchObject({ user: ALICE, error: { code: "throttled", retryAfter: 300 } });
  world.intercept = undefined;
  await pass(70_000);
  expect(world.rotations).toBe(1);
});

test.each(["Sun, 22 Nov 2026 01:00:00 GMT", ""])("a Retry-After of %j is none", async (retryAfter) => {
  await world.signedIn();
  world.intercept = (line) => line === REFRESH ? json(503, {}, { "Retry-After": retryAfter }) : undefined;
  await pass(LIFETIME);
  world.intercept = undefined;
  await pass(130_000);
  expect(world.rotations).toBe(1);
});

test("a server that does not tell when its tokens end is asked each minute, and no oftener", async () => {
  await world.signedIn();
  world.intercept = (line) => line === REFRESH ? json(200, {}) : undefined;
  await pass(LIFETIME + 600_000);
  expect(world.count(REFRESH)).toBeGreaterThan(9);
  expect(world.count(REFRESH)).toBeLessThan(20);
});

test("tabs that start together past the token's end share one refresh", async () => {
  world.begin(ALICE);
  delete world.jar.access;
  world.latency = 100;
  const tabs = Array.from({ length: 5 }, () => world.tab());
  await settle();
  await pass(1_000);
  for (const { session } of tabs) expect(session().user).toEqual(ALICE);
  expect(world.rotations).toBe(1);
});

test("when the network is back nobody waits", async () => {
  await world.signedIn();
  world.intercept = () => Promise.reject(new TypeError("offline"));
  await pass(LIFETIME + 300_000);
  world.intercept = undefined;
  world.page.say("online");
  await settle();
  expect(world.rotations).toBe(1);
});

test("a tab whose lock is never released is not waited for beyond a limit", async () => {
  const tab = await world.signedIn({ timeout: 40 });
  void world.locks.request("", { signal: new AbortController().signal }, () => new Promise(() => {}));
  let isRenewed = false;
  void tab.renew().then((done) => { isRenewed = done; });
  await eventually(() => isRenewed);
  expect(world.rotations).toBe(1);
});

test("a login that met a frozen lock goes ahead, and a late refusal of the old session does not sign it out", async () => {
  const tab = await world.signedIn({ timeout: 5_000 });
  let refuse = (_: Response) => {};
  world.intercept = (line) => line === REFRESH ? new Promise((answer) => { refuse = answer; }) : undefined;
  const renewed = tab.renew();
  await settle();
  world.intercept = undefined;
  // As if the wait for the lock were over: another tab has logged in meanwhile.
  const other = world.tab({ locks: undefined as never });
  await other.login({ username: "bob", password: "right" });
  await settle();
  refuse(json(401, { detail: "Token is blacklisted", code: "token_not_valid" }));
  expect(await renewed).toBe(true);
  expect(tab.session().user).toEqual(BOB);
});

test("a page out of the back/forward cache asks who is there now", async () => {
  const tab = await world.signedIn();
  const other = world.tab();
  await settle();
  world.page.say("pagehide");
  const deaf = tab.session();
  world.begin(BOB);
  expect(tab.session()).toBe(deaf);
  world.page.say("pageshow", { persisted: true });
  await settle();
  for (const { session } of [tab, other]) expect(session().user).toEqual(BOB);
});

test("a page out of the back/forward cache learns of a login, too", async () => {
  const tab = world.tab();
  await settle();
  expect(tab.session().status).toBe("signedOut");
  world.begin(BOB);
  world.page.say("pageshow", { persisted: true });
  await settle();
  expect(tab.session().user).toEqual(BOB);
});

test("a tab that was frozen asks who is there before its requests go out", async () => {
  const tab = await world.signedIn();
  world.begin(BOB);
  world.page.say("resume");
  expect(await (await tab.fetch("https://app.example/notes")).json()).toMatchObject({ user: "bob" });
  expect(tab.session().user).toEqual(BOB);
});

test("whoever walks away is warned, again as the rest halves, and a request calms", async () => {
  world.idleTimeout = 1_800_000;
  const warnings: number[] = [];
  const tab = await world.signedIn({ onIdleWarning: (seconds) => warnings.push(seconds) });
  // One renewal falls into the time when somebody was there.
  await pass(1_800_000 + LIFETIME - 130_000);
  expect(warnings).toEqual([]);
  await pass(75_000 + 60_000);
  expect(warnings.length).toBeGreaterThan(0);
  expect(warnings[0]).toBeGreaterThan(30);
  expect(warnings[0]).toBeLessThanOrEqual(60);
  expect(warnings).toEqual(warnings.toSorted((one, other) => other - one));
  await tab.fetch("https://app.example/notes");
  const before = warnings.length;
  await pass(600_000);
  expect(warnings.length).toBe(before);
  await pass(1_300_000);
  expect(warnings.length).toBeGreaterThan(before);
  await pass(600_000);
  expect(tab.session()).toEqual({ status: "signedOut", user: null, reason: "ended" });
});

test("a closed client asks nothing any more", async () => {
  const tab = await world.signedIn();
  tab.close();
  await pass(3 * LIFETIME);
  world.page.say("online");
  world.page.say("pageshow", { persisted: true });
  expect(world.log).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
