// Who is signed in: at the start, by login and logout, in this tab and in others.

import { afterEach, beforeEach, expect, test } from "vitest";
import { HardtackError } from "../src/index.js";
import { ALICE, BOB, json, pass, settle, World } from "./world.js";

let world: World;
beforeEach(() => { world = new World(); });
afterEach(() => world.end());

const login = { username: "alice", password: "right" };

test("a visitor without cookies is signed out, and nothing is asked again", async () => {
  const tab = world.tab();
  expect(tab.session().status).toBe("loading");
  await settle();
  expect(tab.session()).toEqual({ status: "signedOut", user: null });
  await pass(3_600_000);
  expect(world.log.map(({ line }) => line)).toEqual(["GET session/"]);
});

test("a page that comes with the cookie of a session that is over asks for a renewal, and is signed out", async () => {
  world.begin(ALICE);
  delete world.jar.access;
  world.session = undefined;
  const tab = world.tab();
  await settle();
  expect(tab.session()).toEqual({ status: "signedOut", user: null });
  expect(world.log.map(({ line }) => line)).toEqual(["GET session/", "POST token/refresh/"]);
});

test("a page finds its user without a refresh while the access token lives", async () => {
  world.begin(ALICE);
  const tab = world.tab();
  await settle();
  expect(tab.session()).toEqual({ status: "signedIn", user: ALICE });
  expect(world.log.map(({ line }) => line)).toEqual(["GET session/", "GET user/"]);
});

test("a page that is opened past the access token's end refreshes and is signed in", async () => {
  world.begin(ALICE);
  delete world.jar.access;
  const tab = world.tab();
  await settle();
  expect(tab.session().user).toEqual(ALICE);
  expect(world.rotations).toBe(1);
});

test("a start without a network stays undecided and is tried again", async () => {
  world.begin(ALICE);
  world.intercept = () => Promise.reject(new TypeError("offline"));
  const tab = world.tab();
  await settle();
  expect(tab.session()).toMatchObject({ status: "loading", error: { code: "network" } });
  world.intercept = undefined;
  await pass(5_000);
  expect(tab.session()).toEqual({ status: "signedIn", user: ALICE });
});

test("a start behind an address that is throttled shows the login, for good refreshes never are", async () => {
  world.begin(ALICE);
  delete world.jar.access;
  world.intercept = (line) => line === "POST token/refresh/" ? json(429, {}, { "Retry-After": "60" }) : undefined;
  const tab = world.tab();
  await settle();
  expect(tab.session().status).toBe("signedOut");
});

test("a login signs in all tabs, a logout signs them all out", async () => {
  const [one, other] = [world.tab(), world.tab()];
  await settle();
  expect(await one.login(login)).toEqual(ALICE);
  await settle();
  expect(other.session()).toEqual({ status: "signedIn", user: ALICE });
  await other.logout();
  await settle();
  expect(one.session()).toEqual({ status: "signedOut", user: null, reason: "logout" });
  expect(other.session()).toEqual({ status: "signedOut", user: null, reason: "logout" });
});

test("a wrong password is an error with the form's messages, and changes nothing", async () => {
  const tab = world.tab();
  await settle();
  const error = await tab.login({ ...login, password: "wrong" }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(HardtackError);
  expect(error).toMatchObject({
    name: "HardtackError", code: "invalid", status: 400,
    fields: { non_field_errors: ["Unable to log in with provided credentials."] },
    message: "Unable to log in with provided credentials.",
  });
  expect(tab.session().status).toBe("signedOut");
});

test("another user who logs in takes every tab over", async () => {
  const one = await world.signedIn();
  const other = world.tab();
  await settle();
  await other.login({ username: "bob", password: "right" });
  await settle();
  expect(one.session().user).toEqual(BOB);
});

test("a registration that needs a verified address signs nobody in", async () => {
  const tab = world.tab();
  await settle();
  world.intercept = (line) => line === "POST registration/" ? json(201, { detail: "Verification e-mail sent." }) : undefined;
  const form = { username: "carol", email: "carol@example.com", password1: "right", password2: "right" };
  expect(await tab.register(form)).toBeNull();
  expect(tab.session().status).toBe("signedOut");
});

test("a registration that signs in does so in all tabs", async () => {
  const [one, other] = [world.tab(), world.tab()];
  await settle();
  world.intercept = (line) => {
    if (line !== "POST registration/") return undefined;
    world.begin(BOB);
    return json(201, { user: BOB, access_expiration: new Date(world.jar.access!.end).toISOString() });
  };
  expect(await one.register({ username: "bob", email: "", password1: "x", password2: "x" })).toEqual(BOB);
  await settle();
  expect(other.session().user).toEqual(BOB);
});

test("a logout that does not reach the server keeps the session and says so", async () => {
  const tab = await world.signedIn();
  world.intercept = () => Promise.reject(new TypeError("offline"));
  await expect(tab.logout()).rejects.toMatchObject({ code: "network", status: 0 });
  expect(tab.session().user).toEqual(ALICE);
});

test("logging out everywhere refreshes first if need be", async () => {
  const tab = await world.signedIn();
  delete world.jar.access;
  await tab.logout({ everywhere: true });
  expect(tab.session().status).toBe("signedOut");
  expect(world.session).toBeUndefined();
});

test("ending the present device in the list is a logout", async () => {
  const tab = await world.signedIn();
  const [device] = await tab.sessions();
  await tab.endSession(device!);
  expect(tab.session().status).toBe("signedOut");
});

test("user() asks the server, and null is nobody", async () => {
  const tab = await world.signedIn();
  world.session!.user = { ...ALICE, first_name: "Alice" };
  expect((await tab.user())?.first_name).toBe("Alice");
  expect(tab.session().user?.first_name).toBe("Alice");
  world.session = undefined;
  expect(await tab.user()).toBeNull();
  expect(tab.session()).toEqual({ status: "signedOut", user: null, reason: "ended" });
});

test("listeners hear of changes and of nothing else, and outside of the lock", async () => {
  const tab = await world.signedIn();
  const heard: string[] = [];
  tab.onChange((session) => { heard.push(`${session.status} ${world.locks.held}`); });
  const stop = tab.onChange(() => heard.push("never"));
  stop();
  expect(await tab.renew()).toBe(true);
  await settle();
  expect(heard, "a renewal is no change").toEqual([]);
  await tab.logout();
  await settle();
  expect(heard).toEqual(["signedOut false"]);
});

test("on a server nothing is asked and no timer runs", async () => {
  const { vi } = await import("vitest");
  vi.stubGlobal("document", undefined);
  const tab = world.tab();
  await pass(3_600_000);
  expect(tab.session().status).toBe("loading");
  expect(world.log).toEqual([]);
});
