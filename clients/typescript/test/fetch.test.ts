// The platform's fetch, with one addition.

import { afterEach, beforeEach, expect, test } from "vitest";
import { ALICE, BASE, BOB, eventually, json, LIFETIME, pass, settle, World } from "./world.js";

let world: World;
beforeEach(() => { world = new World(); });
afterEach(() => world.end());

const NOTES = "https://app.example/notes";
const expire = () => { delete world.jar.access; };
const sent = (line: string) => world.log.filter((entry) => entry.line === line).map(({ request }) => request);

test("a 401 is followed by one refresh and one retry with method, body and headers", async () => {
  const tab = await world.signedIn();
  expire();
  const answer = await tab.fetch(NOTES, { method: "PUT", body: "note", headers: { "X-Note": "1" } });
  expect(await answer.json()).toEqual({ method: "PUT", body: "note", user: "alice" });
  expect(world.log.map(({ line }) => line)).toEqual(["PUT /notes", "POST token/refresh/", "PUT /notes"]);
  for (const request of sent("PUT /notes")) {
    expect(request.headers.get("X-Note")).toBe("1");
    expect(request.credentials).toBe("include");
  }
});

test("a Request object is retried with its body", async () => {
  const tab = await world.signedIn();
  expire();
  const answer = await tab.fetch(new Request(NOTES, { method: "POST", body: "note" }));
  expect(await answer.json()).toMatchObject({ method: "POST", body: "note" });
});

test("twenty requests that are refused at once share one refresh", async () => {
  const tab = await world.signedIn();
  expire();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => tab.fetch(`${NOTES}/${n}`)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(world.count("POST token/refresh/")).toBe(1);
});

test("a request that is refused after the refresh of another is retried without a second one", async () => {
  const tab = await world.signedIn();
  let refuse = (_: Response) => {};
  world.intercept = (line) => line === "GET /slow" ? new Promise((answer) => { refuse = answer; }) : undefined;
  const slow = tab.fetch("https://app.example/slow");
  await pass(10);
  expect(await tab.renew()).toBe(true);
  world.intercept = undefined;
  refuse(json(401, {}));
  expect((await slow).status).toBe(200);
  expect(world.count("POST token/refresh/")).toBe(1);
});

test("a request that is refused again after the refresh is answered 401, and nobody is signed out", async () => {
  const tab = await world.signedIn();
  world.intercept = (line) => line === "GET /notes" ? json(401, {}) : undefined;
  expect((await tab.fetch(NOTES)).status).toBe(401);
  expect(world.log.map(({ line }) => line)).toEqual(["GET /notes", "POST token/refresh/", "GET /notes"]);
  expect(tab.session().user).toEqual(ALICE);
});

test("a stream is not sent twice, but the refresh is made", async () => {
  const tab = await world.signedIn();
  expire();
  const body = new Blob(["note"]).stream();
  const answer = await tab.fetch(NOTES, { method: "POST", body, duplex: "half" } as RequestInit);
  expect(answer.status).toBe(401);
  expect(world.count("POST /notes")).toBe(1);
  expect((await tab.fetch(NOTES)).status).toBe(200);
});

test("an abort ends the wait for a refresh that others still need", async () => {
  const tab = await world.signedIn();
  expire();
  let answerRefresh = (_: Response) => {};
  world.intercept = (line) => line === "POST token/refresh/" ? new Promise((answer) => { answerRefresh = answer; }) : undefined;
  const abort = new AbortController();
  const one = tab.fetch(NOTES, { signal: abort.signal }).catch((error: unknown) => error);
  const other = tab.fetch(NOTES);
  await settle();
  abort.abort(new Error("enough"));
  expect(await one).toEqual(new Error("enough"));
  world.begin(world.session!.user);
  answerRefresh(json(200, { access_expiration: new Date(Date.now() + LIFETIME).toISOString() }));
  expect((await other).status).toBe(200);
});

test("a refused refresh signs out all tabs, and the page sees its 401", async () => {
  const tab = await world.signedIn();
  const other = world.tab();
  await settle();
  world.session = undefined;
  expect((await tab.fetch(NOTES)).status).toBe(401);
  await settle();
  for (const { session } of [tab, other]) expect(session()).toEqual({ status: "signedOut", user: null, reason: "ended" });
  world.log.length = 0;
  expect((await tab.fetch(NOTES)).status).toBe(401);
  expect(world.log.map(({ line }) => line), "who is signed out refreshes no more").toEqual(["GET /notes"]);
});

test("other statuses pass as they are", async () => {
  const tab = await world.signedIn();
  for (const status of [204, 403, 404, 429, 500, 503]) {
    world.intercept = (line) => line === "GET /notes" ? new Response(null, { status }) : undefined;
    expect((await tab.fetch(NOTES)).status).toBe(status);
  }
  expect(world.count("POST token/refresh/")).toBe(0);
});

test("a strange origin gets no cookies, no token and no refresh", async () => {
  const tab = await world.signedIn();
  world.csrf = "token";
  world.intercept = () => json(401, {});
  expect((await tab.fetch("https://elsewhere.example/", { method: "POST" })).status).toBe(401);
  expect(world.log).toHaveLength(1);
  expect(world.log[0]!.request.credentials).toBe("same-origin");
  expect(world.log[0]!.request.headers.has("X-CSRFToken")).toBe(false);
});

test("an origin that is named is ours", async () => {
  const tab = await world.signedIn({ origins: ["https://api.example"] });
  expire();
  expect((await tab.fetch("https://api.example/notes")).status).toBe(200);
  expect(world.count("POST token/refresh/")).toBe(1);
});

/** Between the 401 and the retry somebody else may have logged in: their account must not do what the first one asked. */
test("what one user asked for is never repeated in the name of another", async () => {
  const tab = await world.signedIn();
  const other = world.tab();
  await settle();
  let refuse = (_: Response) => {};
  world.intercept = (line) => line === "DELETE /notes" ? new Promise((answer) => { refuse = answer; }) : undefined;
  const removed = tab.fetch(NOTES, { method: "DELETE" });
  await settle();
  world.intercept = undefined;
  await other.login({ username: "bob", password: "right" });
  await settle();
  expect(tab.session().user).toEqual(BOB);
  refuse(json(401, {}));
  expect((await removed).status).toBe(401);
  expect(world.count("DELETE /notes")).toBe(1);
});

test("what nobody asked for is marked, its refresh too", async () => {
  const tab = await world.signedIn();
  expire();
  await tab.fetch(NOTES, { background: true });
  expect(world.log.map(({ request }) => request.headers.get("X-Hardtack-Background"))).toEqual(["1", "1", "1"]);
  world.log.length = 0;
  expire();
  await tab.fetch(NOTES);
  expect(world.log.map(({ request }) => request.headers.get("X-Hardtack-Background"))).toEqual([null, null, null]);
});

test("where the server wants a double-submit token it gets one, fresh after a login", async () => {
  const tab = await world.signedIn();
  world.csrf = "first";
  expect(await (await tab.fetch(NOTES, { method: "POST", body: "note" })).json()).toMatchObject({ body: "note" });
  expect(world.log.map(({ line }) => line)).toEqual(["POST /notes", "GET csrf/", "POST /notes"]);
  world.csrf = "second";
  await tab.login({ username: "alice", password: "right" });
  await tab.logout();
  expect(tab.session().status).toBe("signedOut");
});

test("the readable cookie is believed before what was learnt, for another tab may have asked since", async () => {
  const tab = await world.signedIn();
  world.csrf = "first";
  await tab.fetch(NOTES, { method: "POST" });
  world.csrf = "second";
  world.page.cookie = "a=b; csrftoken=second; c=d";
  world.log.length = 0;
  expect((await tab.fetch(NOTES, { method: "POST" })).status).toBe(200);
  expect(world.log.map(({ line }) => line)).toEqual(["POST /notes"]);
});

test("a 403 of another kind passes with its body", async () => {
  const tab = await world.signedIn();
  world.intercept = (line) => line === "POST /notes" ? json(403, { detail: "Not yours." }) : undefined;
  expect(await (await tab.fetch(NOTES, { method: "POST" })).json()).toEqual({ detail: "Not yours." });
  expect(world.count("GET csrf/")).toBe(0);
});

test("a request whose token is past its end waits for the refresh instead of being refused", async () => {
  const tab = await world.signedIn();
  world.page.hidden = true;
  await pass(LIFETIME);
  world.log.length = 0;
  await tab.fetch(NOTES);
  expect(world.log.map(({ line }) => line)).toEqual(["POST token/refresh/", "GET /notes"]);
});

test("a request at the start waits until it is known who is there", async () => {
  world.begin(ALICE);
  expire();
  const tab = world.tab();
  expect((await tab.fetch(NOTES)).status).toBe(200);
  expect(world.log.map(({ line }) => line).filter((line) => !line.startsWith("GET session"))).toEqual([
    "POST token/refresh/", "GET user/", "GET /notes",
  ]);
});

test("a server that does not answer the refresh in time keeps the session", async () => {
  const tab = await world.signedIn({ timeout: 60 });
  expire();
  world.intercept = (line) => line === "POST token/refresh/" ? new Promise(() => {}) : undefined;
  let status = 0;
  void tab.fetch(NOTES).then((answer) => { status = answer.status; });
  await eventually(() => status !== 0);
  expect(status).toBe(401);
  expect(tab.session()).toMatchObject({ status: "signedIn", error: { code: "timeout" } });
  expect(world.log[0]!.request.url).not.toContain(BASE);
});
