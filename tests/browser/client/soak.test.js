// Ten tabs, fifty expiries, a network that loses one answer in ten.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, pause } from "../chromium.js";
import { generation, isUser, logIn, neverSignedOut, openApp } from "./person.js";
import { startSite } from "./site.js";

const TABS = 10;
const EXPIRIES = 50;
let site;
let browser;
before(async () => {
  site = await startSite("react-hardtack");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

test("no tab is ever signed out, and each expiry is one rotation", { timeout: 400_000 }, async () => {
  const context = await browser.newContext();
  const tabs = [await openApp(context, site)];
  await logIn(tabs[0], site.hardtack.password);
  site.proxy.lose = 0.1;
  while (tabs.length < TABS) tabs.push(await openApp(context, site));
  for (const tab of tabs) await isUser(tab);

  const started = Date.now();
  const from = await generation(context);
  site.proxy.refreshes.length = 0;
  for (let turn = 0; (await generation(context)) < from + EXPIRIES; turn += 1) {
    assert.ok(Date.now() - started < 350_000, `only generation ${await generation(context)}`);
    // Somebody works in one tab after the other; what the network loses of it, they would click again.
    await tabs[turn % TABS].getByRole("button", { name: "Where am I logged in?" }).click();
    await pause(400);
  }
  const rotations = (await generation(context)) - from;
  const took = (Date.now() - started) / 1_000;
  site.proxy.lose = 0;
  await neverSignedOut(...tabs);

  const { refreshes } = site.proxy;
  const lost = refreshes.filter((refresh) => refresh.lost).length;
  console.log(`${TABS} tabs, ${rotations} rotations in ${took} s, ${refreshes.length} refreshes of which ${lost} were lost`);
  assert.ok(lost > 0, "the network lost nothing");
  assert.deepEqual([...new Set(refreshes.map(({ status }) => status))], [200]);
  // Each generation once, and none long before the end of the one before: a token lives for six seconds, of which `Date`
  // may hide one at either end, and is renewed in the last third of the rest.
  const begun = new Map();
  for (const { generation, at } of refreshes) if (!begun.has(generation)) begun.set(generation, at);
  const moments = [...begun.values()];
  assert.deepEqual([...begun.keys()], Array.from({ length: begun.size }, (_, n) => begun.keys().next().value + n));
  const gaps = moments.slice(1).map((at, n) => at - moments[n]);
  assert.ok(Math.min(...gaps) > 2_500, `two rotations ${Math.min(...gaps)} ms apart`);
  // The rest repeats what was lost, or came too late for a client that waits half a second: the server's repeats.
  assert.ok(refreshes.length < 2 * rotations, `${refreshes.length} refreshes for ${rotations} rotations`);
  await context.close();
});
