// Cookies over TLS, as Chromium itself reports and sends them (docs/threat-model.md CK-1 and CK-2).

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, launchProfile } from "./chromium.js";
import { startSecured } from "./secured.js";
import { ask, inProfile, jar, logIn, visit } from "./visitor.js";

const APP = "app.hardtack.test";
const SIBLING = "sibling.hardtack.test";
const ELSEWHERE = "www.elsewhere.test";
const THIRD = "www.third.test";

let secured;
let browser;
before(async () => {
  secured = await startSecured();
  browser = await launch({ authority: secured.authority });
});
after(async () => {
  await browser?.close();
  await secured?.stop();
});

/** What the browser sends to a page of `host` at `path` that it opens by itself. */
async function sentTo(context, host, path) {
  const page = await visit(secured, context, host, path);
  await page.close();
  return secured.pages.sent(host, path);
}

test("the plain cookies are for one host, for TLS, hidden from scripts, each on its path", () => inProfile(browser, async (context) => {
  await secured.serve();
  const page = await visit(secured, context, APP);
  await logIn(secured, page);
  assert.deepEqual(await jar(context), [`access ${APP} /`, `refresh ${APP} /api/auth`]);
  for (const cookie of await context.cookies()) {
    assert.deepEqual([cookie.secure, cookie.httpOnly, cookie.sameSite], [true, true, "Lax"], cookie.name);
    assert.ok(cookie.name.length + cookie.value.length < 4096);
  }
  assert.equal(await page.evaluate(() => document.cookie), "");

  assert.deepEqual(await sentTo(context, APP, "/"), ["access"]);
  assert.deepEqual(await sentTo(context, APP, "/api/authentic"), ["access"]);
  assert.deepEqual(await sentTo(context, APP, "/api/auth/token/refresh/"), ["access", "refresh"]);
  assert.deepEqual(await sentTo(context, SIBLING, "/api/auth/"), []);

  // HSTS holds for every port of the host: plain HTTP is not even tried.
  const plain = await context.newPage();
  await assert.rejects(plain.goto(`${secured.pages.plainOrigin(APP)}/hsts`));
  assert.throws(() => secured.pages.sent(APP, "/hsts"), /nobody asked/);
}));

/** Anybody on the way could read them. */
test("plain HTTP carries no cookie, also where HSTS is not known yet", () => inProfile(browser, async (context) => {
  await context.addCookies([{ name: "access", value: "x", domain: APP, path: "/", secure: true }]);
  assert.deepEqual(await sentTo(context, APP, "/secure"), ["access"]);
  const page = await context.newPage();
  await page.goto(`${secured.pages.plainOrigin(APP)}/plain`);
  assert.deepEqual(secured.pages.sent(APP, "/plain"), []);
}));

test("with a domain, the hosts below it share the access cookie and no other site does", () => inProfile(browser, async (context) => {
  await secured.serve({ "cookies.domain": "hardtack.test" });
  await logIn(secured, await visit(secured, context, APP));
  assert.deepEqual(await jar(context), ["access .hardtack.test /", "refresh .hardtack.test /api/auth"]);
  assert.deepEqual(await sentTo(context, SIBLING, "/"), ["access"]);
  assert.deepEqual(await sentTo(context, ELSEWHERE, "/"), []);
}));

test("in prefix mode no sibling host plants the access cookie, and plain HTTP none", () => inProfile(browser, async (context) => {
  await secured.serve({ "cookies.prefix": "host", "csrf.double_submit": "true" });
  const page = await visit(secured, context, APP);
  await logIn(secured, page);
  const ours = [`__Host-access ${APP} /`, `__Host-csrftoken ${APP} /`, `__Secure-refresh ${APP} /api/auth`];
  assert.deepEqual(await jar(context), ours);
  assert.match(await page.evaluate(() => document.cookie), /^__Host-csrftoken=[\w-]+$/);
  assert.deepEqual(await sentTo(context, APP, "/"), ["__Host-access", "__Host-csrftoken"]);

  const sibling = await visit(secured, context, SIBLING);
  await sibling.evaluate(() => {
    for (const name of ["__Host-access", "__Host-csrftoken"]) {
      document.cookie = `${name}=planted; Domain=hardtack.test; Path=/; Secure`;
      document.cookie = `${name.toUpperCase()}=planted; Domain=hardtack.test; Path=/; Secure`;
    }
  });
  assert.deepEqual(await jar(context), ours, "a sibling host planted a __Host- cookie");
  const plain = await context.newPage();
  await plain.goto(secured.pages.plainOrigin(SIBLING));
  await plain.evaluate(() => {
    document.cookie = "__Secure-refresh=planted; Domain=hardtack.test; Path=/api/auth";
  });
  assert.deepEqual(await jar(context), ours, "plain HTTP planted a __Secure- cookie");

  // What it can plant is not believed: the plain names.
  await sibling.evaluate(() => {
    document.cookie = "access=planted; Domain=hardtack.test; Path=/; Secure";
    document.cookie = "refresh=planted; Domain=hardtack.test; Path=/; Secure";
  });
  assert.equal((await ask(secured, page, "GET", "/api/auth/user/")).status, 200);
}));

/** Follows a link from a page of another site. */
async function followLink(context, path) {
  const page = await visit(secured, context, ELSEWHERE);
  await page.evaluate((href) => {
    document.body.append(Object.assign(document.createElement("a"), { href, textContent: "there" }));
  }, secured.pages.origin(APP) + path);
  await page.getByText("there").click();
  await page.waitForURL(`**${path}`);
  return page;
}

/** Sends a form from a page of another site. */
async function sendForm(context, path) {
  const page = await visit(secured, context, ELSEWHERE);
  await page.evaluate((action) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    document.body.append(form);
    form.submit();
  }, secured.pages.origin(APP) + path);
  await page.waitForURL(`**${path}`);
}

/** Loads a picture and asks with credentials from a page of another site. */
async function embed(context, path) {
  const page = await visit(secured, context, ELSEWHERE);
  await page.evaluate((url) => fetch(url, { credentials: "include", mode: "no-cors" }), secured.pages.origin(APP) + path);
}

for (const [sameSite, reported, withLink] of [["lax", "Lax", ["access"]], ["strict", "Strict", []]]) {
  test(`SameSite=${reported}: what another site's link, form and script bring along`, () => inProfile(browser, async (context) => {
    await secured.serve({ "cookies.same_site": sameSite });
    await logIn(secured, await visit(secured, context, APP));
    for (const cookie of await context.cookies()) assert.equal(cookie.sameSite, reported);

    const arrived = await followLink(context, `/linked-${sameSite}`);
    assert.deepEqual(secured.pages.sent(APP, `/linked-${sameSite}`), withLink);
    // From the site's own page on, everything is there again: nobody was logged out.
    assert.equal((await ask(secured, arrived, "GET", "/api/auth/user/")).status, 200);
    await sendForm(context, "/form");
    assert.deepEqual(secured.pages.sent(APP, "/form"), []);
    await embed(context, "/embedded");
    assert.deepEqual(secured.pages.sent(APP, "/embedded"), []);
  }));
}

/** The frame of ours inside a page of another site. */
async function embedded(context, host) {
  const page = await visit(secured, context, host, `/?frame=${encodeURIComponent(`${secured.pages.origin(APP)}/framed`)}`);
  const frame = page.frames()[1];
  await frame.waitForURL("**/framed");
  return frame;
}

test("partitioned cookies live in the jar of the site that embeds us and in no other", () => inProfile(browser, async (context) => {
  await secured.serve({ "cookies.same_site": "none", "cookies.partitioned": "true" });
  const frame = await embedded(context, ELSEWHERE);
  await logIn(secured, frame);
  assert.equal((await ask(secured, frame, "GET", "/api/auth/user/")).status, 200);
  const cookies = await context.cookies();
  assert.deepEqual(cookies.map(({ name }) => name).toSorted(), ["access", "refresh"]);
  for (const cookie of cookies) {
    assert.equal(cookie.partitionKey, "https://elsewhere.test");
    assert.deepEqual([cookie.sameSite, cookie.secure, cookie.httpOnly], ["None", true, true]);
  }
  await frame.goto(`${secured.pages.origin(APP)}/framed`);
  assert.deepEqual(secured.pages.sent(APP, "/framed"), ["access"]);

  const other = await embedded(context, THIRD);
  assert.deepEqual(secured.pages.sent(APP, "/framed"), []);
  assert.equal((await ask(secured, other, "GET", "/api/auth/user/")).status, 401);
  const alone = await visit(secured, context, APP);
  assert.equal((await ask(secured, alone, "GET", "/api/auth/user/")).status, 401);

  assert.equal((await ask(secured, frame, "POST", "/api/auth/logout/")).status, 200);
  assert.deepEqual(await context.cookies(), []);
}));

test("SameSite=None reaches a frame of another site where the browser lets embedded sites have cookies", async () => {
  await secured.serve({ "cookies.same_site": "none" });
  const statuses = async (context) => {
    await logIn(secured, await visit(secured, context, APP));
    for (const cookie of await context.cookies()) assert.equal(cookie.sameSite, "None");
    const frame = await embedded(context, ELSEWHERE);
    return (await ask(secured, frame, "GET", "/api/auth/user/")).status;
  };
  const folder = await mkdtemp(join(tmpdir(), "hardtack-profile-"));
  const profile = await launchProfile(folder, { authority: secured.authority });
  try {
    assert.equal(await statuses(profile), 200);
  } finally {
    await profile.close();
    await rm(folder, { recursive: true });
  }
  // Private windows do not, which is what partitions are for.
  await inProfile(browser, async (context) => assert.equal(await statuses(context), 401));
});
