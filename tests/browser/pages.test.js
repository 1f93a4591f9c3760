// What is special about the hosted pages; pages-desk.test.js and pages-phone.test.js walk through all of them. Their
// pictures land in target/screenshots. To run these files alone:
//
//   cargo build -p hardtack-server && cd tests/browser && npm ci
//   HARDTACK_BIN=../../target/debug/hardtack node --test 'pages*.test.js'

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESK, openHouse } from "./hosted.js";

const PASSWORD = "granite teapot orchestra";

let house;
before(async () => {
  house = await openHouse();
});
after(() => house?.close());

test("the language is changed by a button, without a script, and kept", async () => {
  const person = await house.visitor("language", { ...DESK, locale: "en", javaScriptEnabled: false });
  await person.go("/account/forgot/");
  await person.press("button[value=fa]");
  await person.page.waitForURL("**/account/forgot/");
  assert.equal(await person.page.locator("html").getAttribute("lang"), "fa");
  for (const language of ["es", "zh"]) {
    await person.press(`button[value=${language}]`);
    await person.page.locator(`html[lang=${language}]`).waitFor();
    await person.look(language);
  }
  await person.go("/account/login/");
  assert.equal(await person.page.locator("html").getAttribute("lang"), "zh");
  await person.end();
});

test("a script shows the password and says how strong it is", async () => {
  const person = await house.visitor("script", { ...DESK, locale: "en", javaScriptEnabled: true });
  const { page } = person;
  await person.go("/account/register/");
  const strength = page.locator(".strength [role=status]");
  await page.locator("#new_password").fill("password");
  await strength.filter({ hasText: "Guessed at once" }).waitFor();
  await page.locator("#new_password").fill(PASSWORD);
  await strength.filter({ hasText: /Good|Strong/ }).waitFor();
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await page.locator("#new_password").getAttribute("type"), "text");
  await person.look("strength");
  await page.locator("#new_password").fill("");
  await page.getByRole("button", { name: "Hide" }).click();
  assert.equal(await strength.textContent(), "");
  await person.end();
});

test("the keyboard alone logs in, and the link to the content comes first", async () => {
  const person = await house.visitor("keyboard", { ...DESK, locale: "en", javaScriptEnabled: true });
  const { page } = person;
  await person.go("/account/login/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");
  await page.keyboard.type("demo");
  await page.keyboard.press("Tab");
  await page.keyboard.type(house.hardtack.password);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account/");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await person.look("skip");
  await person.end();
});

test("who was away for long sees their page and no form, also with a form half filled in", async () => {
  const person = await house.visitor("away", { ...DESK, locale: "en", javaScriptEnabled: true });
  const { page } = person;
  // As the browser does when the cookie's time is over.
  const away = () => person.context.clearCookies({ name: "access" });
  await person.go("/account/login/");
  await person.fill({ username: "demo", password: house.hardtack.password });
  await person.send();
  await page.waitForURL("**/account/");
  await away();
  await person.go("/account/devices/");
  await page.locator(".devices").waitFor();
  // The script takes the mark of the renewal out of the address.
  assert.equal(page.url(), `${house.hardtack.url}/account/devices/`);
  await person.go("/account/");
  await page.locator("#first_name").fill("Half");
  await away();
  await person.send();
  await page.locator(".notice").waitFor();
  assert.equal(await page.locator("#first_name").inputValue(), "Half");
  await away();
  await page.locator(".masthead button").click();
  await page.locator(".notice").waitFor();
  assert.deepEqual(await person.context.cookies(), []);
  await person.end();
});

test("no address of a page leaves it", async () => {
  const person = await house.visitor("referrer", { ...DESK, locale: "en", javaScriptEnabled: true });
  const referrers = [];
  person.page.on("request", (request) => referrers.push(request.headers().referer ?? ""));
  await person.go("/account/verify/a-secret-code/");
  await person.page.locator("main button.primary").click();
  await person.page.locator("h1", { hasText: "does not work" }).waitFor();
  assert.ok(referrers.length > 3);
  assert.deepEqual(referrers.filter((referrer) => referrer.includes("secret")), []);
  await person.end();
});
