// What the compiler knows. `npm run check` looks at this file, and Vitest runs it.

import { expectTypeOf, test } from "vitest";
import { createHardtack, type Hardtack, type HardtackError, type Session, type User } from "../src/index.js";

test("a session that is signed in has a user, and no other has", () => {
  expectTypeOf<Extract<Session, { status: "signedIn" }>["user"]>().toEqualTypeOf<User>();
  expectTypeOf<Extract<Session, { status: "loading" | "signedOut" }>["user"]>().toEqualTypeOf<null>();
});

test("the user is the wire's", () => {
  expectTypeOf<User>().toEqualTypeOf<{ pk: number; username: string; email: string; first_name: string; last_name: string }>();
});

test("fetch takes the platform's arguments, and the mark of what nobody asked for", () => {
  expectTypeOf<Hardtack["fetch"]>().toExtend<typeof fetch>();
  expectTypeOf<Hardtack["fetch"]>().toBeCallableWith("/notes", { background: true, method: "POST" });
});

test("the code of an error is an open list", () => {
  expectTypeOf<"throttled">().toExtend<HardtackError["code"]>();
  expectTypeOf<"what a later server says">().toExtend<HardtackError["code"]>();
});

test("a client without an address is refused", () => {
  // @ts-expect-error baseUrl is missing
  const refused = () => createHardtack({});
  expectTypeOf(refused).toBeFunction();
});
