// A browser whose cookies are those of an older configuration: it logs in once at most, and then
// keeps one pair that works (docs/rotation.md).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, pause } from "./chromium.js";
import { startSecured } from "./secured.js";
import { ask, inProfile, jar, logIn, visit } from "./visitor.js";

const APP = "app.hardtack.test";
const SHARED = ".hardtack.test";

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

/** The defaults, and what each configuration makes of them: settings, and the pair that must be left. */
const PLAIN = { settings: {}, base: "/api/auth", pair: [`access ${APP} /`, `refresh ${APP} /api/auth`] };
const CHANGES = {
  "a wider refresh path": {
    settings: { "cookies.refresh_path": "/" },
    pair: [`access ${APP} /`, `refresh ${APP} /`],
  },
  "a domain": {
    settings: { "cookies.domain": "hardtack.test" },
    pair: [`access ${SHARED} /`, `refresh ${SHARED} /api/auth`],
  },
  "other names": {
    settings: { "cookies.access_name": "a", "cookies.refresh_name": "r" },
    pair: [`a ${APP} /`, `r ${APP} /api/auth`],
  },
  "a domain, paths and names": {
    settings: {
      "cookies.access_name": "a", "cookies.refresh_name": "r", "cookies.domain": "hardtack.test",
      "cookies.access_path": "/api", "cookies.refresh_path": "/api", "pages.enabled": "false",
    },
    pair: [`a ${SHARED} /api`, `r ${SHARED} /api`],
  },
  "a prefix": {
    settings: { "cookies.prefix": "host" },
    pair: [`__Host-access ${APP} /`, `__Secure-refresh ${APP} /api/auth`],
    login: true,
  },
  "another base path": {
    settings: { "routes.base_path": "/auth" },
    base: "/auth",
    pair: [`access ${APP} /`, `refresh ${APP} /auth`],
    login: true,
  },
};

/** Does it work, and go on working over so many rotations? */
async function works(page, base, rotations) {
  for (let round = 0; round < rotations; round += 1) {
    assert.equal((await ask(secured, page, "GET", `${base}/user/`)).status, 200);
    await pause(1_100);
    const refreshed = await ask(secured, page, "POST", `${base}/token/refresh/`);
    assert.equal(refreshed.status, 200, JSON.stringify(refreshed.body));
  }
}

for (const [what, change] of Object.entries(CHANGES)) {
  for (const [way, from, to] of [["to", PLAIN, change], ["back from", change, PLAIN]]) {
    test(`${way} ${what}: ${change.login ? "one login" : "no login"}, one pair`, () => inProfile(browser, async (context) => {
      const window = { "session.rotation_window": "1s" };
      await secured.serve({ ...window, ...from.settings });
      const page = await visit(secured, context, APP);
      await logIn(secured, page, from.base);
      assert.deepEqual(await jar(context), from.pair);

      await secured.serve({ ...window, ...to.settings });
      const base = to.base ?? PLAIN.base;
      const refreshed = await ask(secured, page, "POST", `${base}/token/refresh/`);
      assert.equal(refreshed.status, change.login ? 401 : 200, JSON.stringify(refreshed.body));
      if (change.login) await logIn(secured, page, base);
      await works(page, base, 2);

      await logIn(secured, page, base);
      assert.deepEqual(await jar(context), to.pair);
      await works(page, base, 1);
      assert.equal((await ask(secured, page, "POST", `${base}/logout/`)).status, 200);
      assert.deepEqual(await jar(context), []);
    }));
  }
}
