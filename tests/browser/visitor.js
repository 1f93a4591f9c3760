// What a person's browser does with the server over TLS: visits pages, and asks from them.

import assert from "node:assert/strict";
import { CREDENTIALS } from "./secured.js";

/** Calls `body` with a fresh browser profile. */
export async function inProfile(browser, body) {
  const context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  try {
    await body(context);
  } finally {
    await context.close();
  }
}

/** A page of `host`. */
export async function visit(secured, context, host, path = "/") {
  const page = await context.newPage();
  await page.goto(secured.pages.origin(host) + path);
  return page;
}

/** Asks the server from a page or frame of ours, with credentials. */
export function ask(secured, frame, method, path, body) {
  return frame.evaluate(async ([url, method, body]) => {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const answer = await fetch(url, { method, credentials: "include", headers, body: body && JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  }, [secured.url + path, method, body]);
}

export async function logIn(secured, frame, base = "/api/auth") {
  const answer = await ask(secured, frame, "POST", `${base}/login/`, CREDENTIALS);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

/** `name domain path`, sorted: a domain with a dot in front is shared with every host below it. */
export async function jar(context) {
  const cookies = await context.cookies();
  return cookies.map(({ name, domain, path }) => `${name} ${domain} ${path}`).toSorted();
}
