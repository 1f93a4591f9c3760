// What a person does with the example apps.

import assert from "node:assert/strict";
import { cookie, eventually } from "../chromium.js";

/** Opens the app. The page remembers whether it ever showed the login form after a user had been there. */
export async function openApp(context, site) {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.addInitScript(() => {
    let wasIn = false;
    window.wasSignedOut = false;
    new MutationObserver(() => {
      const heading = document.querySelector("h1")?.textContent ?? "";
      if (heading.startsWith("You are")) wasIn = true;
      if (heading === "Log in" && wasIn) window.wasSignedOut = true;
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto(site.url);
  return page;
}

export async function logIn(page, password, username = "demo") {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(password);
  // Half a second is all that the client waits here, which a hash may take on a busy machine: one clicks again.
  await eventually("the login", async () => {
    await page.getByRole("button", { name: "Log in" }).click({ timeout: 3_000 }).catch(() => {});
    return isUser(page, username, 3_000).then(() => true, () => false);
  });
}

/** Logs in on the bare page, as often as it takes: see `logIn`. Gives the moment (ms, the page's clock) before it was asked for. */
export function logInBare(page, password, username = "demo") {
  return page.evaluate(async (credentials) => {
    for (;;) {
      const sent = performance.now();
      const user = await window.hardtack.login(credentials).catch((error) => {
        if (error.status) throw error;
      });
      if (user) return sent;
    }
  }, { username, password });
}

export const isUser = (page, username = "demo", timeout) =>
  page.getByRole("heading", { name: `You are ${username}` }).waitFor({ timeout });

export const isSignedOut = (page, timeout) => page.getByRole("heading", { name: "Log in" }).waitFor({ timeout });

export async function neverSignedOut(...pages) {
  for (const page of pages) {
    assert.equal(await page.evaluate(() => window.wasSignedOut), false, "a tab showed the login form");
    await isUser(page);
  }
}

/** Which generation of the refresh token the browser holds: `v1.session.generation.branch.tag`. */
export async function generation(context) {
  return Number((await cookie(context, "refresh")).value.split(".")[2]);
}
