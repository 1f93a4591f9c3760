// hardtack/react, hardtack/vue and hardtack/axios. Their lives in a page are the browser's tests.

import axios from "axios";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createApp, effectScope } from "vue";
import { withHardtack } from "../src/axios.js";
import { HardtackProvider, RequireSession, useSession } from "../src/react.js";
import { hardtackPlugin, useSession as useVueSession } from "../src/vue.js";
import { BOB, json, settle, World } from "./world.js";

let world: World;
beforeEach(() => { world = new World(); });
afterEach(() => world.end());

const NOTES = "https://app.example/notes";

test("react: what is shown follows the session", async () => {
  world.begin(BOB);
  const client = world.tab();
  const Name = () => useSession().user?.username;
  const page = () => renderToStaticMarkup(createElement(HardtackProvider, { client },
    createElement(RequireSession, { loading: "…", signedOut: "log in" }, createElement(Name))));
  expect(page()).toBe("…");
  await settle();
  expect(page()).toBe("bob");
  await client.logout();
  expect(page()).toBe("log in");
});

test("react: a component without a provider above it is told so", () => {
  expect(() => renderToStaticMarkup(createElement(() => useSession().status))).toThrow(/HardtackProvider/);
});

test("vue: the ref follows the session until its scope ends", async () => {
  const client = await world.signedIn();
  const app = createApp({ render: () => null }).use(hardtackPlugin, client);
  const scope = effectScope();
  const session = scope.run(() => app.runWithContext(useVueSession))!;
  expect(session.value.user?.username).toBe("alice");
  await client.login({ username: "bob", password: "right" });
  await settle();
  expect(session.value.user).toEqual(BOB);
  scope.stop();
  await client.logout();
  await settle();
  expect(session.value.user).toEqual(BOB);
});

function instance(client: Parameters<typeof withHardtack>[1]) {
  const http = axios.create({ adapter: "fetch", env: { fetch: world.fetch } });
  return { http, undo: withHardtack(http, client) };
}

test("axios: twenty requests that are refused at once wait for one refresh and succeed", async () => {
  const { http } = instance(await world.signedIn());
  delete world.jar.access;
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => http.post<{ body: string }>(NOTES, { n })));
  expect(answers.map(({ data }) => data.body)).toEqual(Array.from({ length: 20 }, (_, n) => `{"n":${n}}`));
  expect(world.count("POST token/refresh/")).toBe(1);
  expect(world.count("POST /notes")).toBe(40);
  expect(world.log[0]!.request.credentials).toBe("include");
});

test("axios: who is signed out is refused at once, without a loop", async () => {
  const client = await world.signedIn();
  const { http } = instance(client);
  world.session = undefined;
  for (let n = 0; n < 5; n += 1) await expect(http.get(NOTES)).rejects.toMatchObject({ response: { status: 401 } });
  expect(client.session().status).toBe("signedOut");
  expect(world.log.map(({ line }) => line)).toEqual(["GET /notes", "POST token/refresh/", ...Array(4).fill("GET /notes")]);
});

test("axios: a request that stays refused ends after one retry", async () => {
  const { http } = instance(await world.signedIn());
  world.intercept = (line) => line === "GET /notes" ? json(401, {}) : undefined;
  await expect(http.get(NOTES)).rejects.toMatchObject({ response: { status: 401 } });
  expect(world.count("GET /notes")).toBe(2);
});

test("axios: what is no 401, and an instance that was let go, are left alone", async () => {
  const { http, undo } = instance(await world.signedIn());
  world.intercept = (line) => line === "GET /notes" ? json(500, {}) : undefined;
  await expect(http.get(NOTES)).rejects.toMatchObject({ response: { status: 500 } });
  undo();
  world.intercept = (line) => line === "GET /notes" ? json(401, {}) : undefined;
  await expect(http.get(NOTES)).rejects.toMatchObject({ response: { status: 401 } });
  expect(world.count("POST token/refresh/")).toBe(0);
});
