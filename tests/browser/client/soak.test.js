// Ten tabs, fifty expiries, a network that loses one answer in ten.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, pause } from "../chromium.js";
import { generation, isUser, logIn, neverSignedOut, openApp } from "./person.js";
import { SCALED, startSite } from "./site.js";

const TABS = 10;
const EXPIRIES = 50;
let site;
let browser;
before(async () => {
  site = await startSite("react-hardtack", { ...SCALED, "tokens.access_lifetime": "7s" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

test("no tab is ever signed out, and an expiry is one refresh and one rotation at most", { timeout: 400_000 }, async () => {
  const context = await browser.newContext();
  const tabs = [await openApp(context, site)];
  await logIn(tabs[0], site.hardtack.password);
  site.proxy.lose = 0.1;
  while (tabs.length < TABS) tabs.push(await openApp(context, site));
  for (const tab of tabs) await isUser(tab);

  const started = Date.now();
  const from = await generation(context);
  const { refreshes } = site.proxy;
  refreshes.length = 0;
  for (let turn = 0; renewals(refreshes).length <= EXPIRIES; turn += 1) {
    assert.ok(Date.now() - started < 350_000, `only ${renewals(refreshes).length} renewals`);
    // Somebody works in one tab after the other; what the network loses of it, they would click again.
    await tabs[turn % TABS].getByRole("button", { name: "Where am I logged in?" }).click();
    await pause(400);
  }
  const took = (Date.now() - started) / 1_000;
  site.proxy.lose = 0;
  await neverSignedOut(...tabs);

  // The last may be under way.
  const past = renewals(refreshes).slice(0, EXPIRIES);
  const [sent, lost] = [past.flat(), past.flat().filter((refresh) => refresh.lost)];
  const reached = past.map((group) => Math.max(...group.map(({ generation }) => generation)));
  const rotations = reached.map((generation, index) => generation - (index ? reached[index - 1] : from));
  const rotated = rotations.filter((count) => count > 0).length;
  console.log(`${TABS} tabs, ${past.length} expiries in ${took} s: ${rotated} rotated, ${sent.length} refreshes, ${lost.length} lost`);
  assert.ok(lost.length > 0, "the network lost nothing");
  assert.deepEqual([...new Set(sent.map(({ status }) => status))], [200]);
  // What counts is the generation that one expiry leaves behind. Its first answer may be a repetition of the present token,
  // for the first use of a token opens its window anew (docs/rotation.md, section 3); when the network loses that one, the
  // next attempt may be the rotation. Where it is not lost, the expiry has none.
  rotations.forEach((count, index) => assert.ok(count <= 1, `${count} rotations: ${JSON.stringify(past.slice(Math.max(index - 1, 0), index + 1))}`));
  assert.ok(rotated > 0.8 * EXPIRIES, `${rotated} of ${EXPIRIES} expiries rotated`);
  // Ten tabs, and still hardly more requests than expiries and losses: one tab asks for all.
  assert.ok(sent.length <= 1.3 * (EXPIRIES + lost.length), `${sent.length} refreshes`);
  await context.close();
});

/**
 * What belongs to one expiry. A token lives for seven seconds, of which `Date` may hide one at either end, and is renewed in
 * the last third of the rest: the next renewal begins more than three seconds later.
 */
function renewals(refreshes) {
  const groups = [];
  for (const refresh of refreshes) {
    const group = groups.at(-1);
    if (group && refresh.at - group[0].at < 3_000) group.push(refresh);
    else groups.push([refresh]);
  }
  return groups;
}
