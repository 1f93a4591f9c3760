// A life on the hosted pages, from the registration to the end, with a look at every page on the way.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { openHouse } from "./hosted.js";

const LANGUAGES = { en: "ltr", fa: "rtl" };
const PASSWORD = "granite teapot orchestra";

/** Tests of the whole life on this device, in two languages, with and without JavaScript. */
export function livesOn(device, look) {
  let house;
  before(async () => {
    house = await openHouse();
  });
  after(() => house?.close());

  for (const [locale, direction] of Object.entries(LANGUAGES)) {
    for (const javaScriptEnabled of [true, false]) {
      const name = `${locale}-${device}${javaScriptEnabled ? "" : "-plain"}`;
      test(`an account lives on the pages: ${name}`, async () => {
        const person = await house.visitor(name, { ...look, locale, javaScriptEnabled });
        await live(person, name, direction);
        await person.end();
      });
    }
  }
}

async function live(person, username, direction) {
  const { page, go, press, fill, send, look: lookAt } = person;

  await go("/account/");
  assert.match(page.url(), /\/account\/login\/\?next=/);
  assert.equal(await page.locator("html").getAttribute("dir"), direction);
  await lookAt("login");
  await press("a[href*='/register/']");
  await lookAt("register");
  await fill({ username: "a b", email: "nonsense", new_password: "short" });
  await send();
  await page.locator("#username-error").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");
  await lookAt("register-faults");
  await fill({ username, email: `${username}@example.com`, new_password: PASSWORD });
  await send();
  // The login, from which the link to the registration came, was asked for by this page.
  await page.waitForURL("**/account/");
  await lookAt("profile");

  await fill({ first_name: "Zahra", last_name: "Öztürk-Müller" });
  await send();
  await page.locator(".notice").waitFor();
  assert.equal(await page.locator("#last_name").inputValue(), "Öztürk-Müller");
  for (const tab of ["email", "password", "devices", "data", "delete"]) {
    await go(`/account/${tab}/`);
    await lookAt(tab);
  }
  await go("/account/email/");
  await fill({ email: `${username}@new.example`, password: PASSWORD });
  await page.locator("main form[action$='/email/'] button.primary").click();
  await page.locator(".notice").waitFor();
  await lookAt("email-sent");

  await go("/account/password/");
  await fill({ old_password: "not this one", new_password: `${PASSWORD} again` });
  await send();
  await page.locator("#old_password-error").waitFor();
  await lookAt("password-faults");
  await fill({ old_password: PASSWORD, new_password: `${PASSWORD} again` });
  await send();
  await page.locator(".notice").waitFor();

  await go("/account/data/");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("main form[action$='/data/'] button").click(),
  ]);
  assert.equal(download.suggestedFilename(), "account.json");
  const held = JSON.parse(readFileSync(await download.path(), "utf8"));
  assert.equal(held.user.username, username);

  await press(".masthead button");
  await page.locator(".notice").waitFor();
  await fill({ username, password: "not this one" });
  await send();
  await page.locator("#form-error").waitFor();
  assert.equal(await page.locator("#username").inputValue(), username);
  assert.equal(await page.evaluate(() => document.activeElement.id), "password");
  await lookAt("login-refused");

  await press("a[href$='/forgot/']");
  await lookAt("forgot");
  await fill({ email: `${username}@example.com` });
  await send();
  await page.waitForURL("**/check-mail/");
  await lookAt("check-mail");
  for (const [what, path] of [
    ["verify", "/account/verify/nonsense/"],
    ["confirm-email", "/account/email/confirm/nonsense/"],
    ["revert-email", "/account/email/revert/nonsense/"],
    ["bad-link", "/account/reset/2/nonsense/"],
    ["invited", "/account/register/nonsense/"],
    ["resend", "/account/verify/"],
    ["not-found", "/account/nothing/here"],
  ]) {
    await go(path);
    await lookAt(what);
  }

  await go("/account/login/");
  await fill({ username, password: `${PASSWORD} again` });
  await send();
  await page.waitForURL("**/account/");
  await go("/account/delete/");
  await fill({ password: `${PASSWORD} again` });
  await send();
  await page.locator(".notice").waitFor();
  assert.deepEqual((await person.context.cookies()).map(({ name }) => name), []);
}
