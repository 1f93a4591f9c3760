// Pages that a server renders.

import { NextRequest, NextResponse } from "next/server.js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hardtackHandle, hardtackMiddleware, renew } from "../src/ssr.js";

const baseUrl = "http://127.0.0.1:8000/api/auth";
const token = (left: number) => `e30.${btoa(JSON.stringify({ exp: Date.now() / 1_000 + left })).replaceAll("=", "")}.sig`;
const page = (cookie: string) => new Request("https://app.example/", { headers: { Cookie: cookie, "User-Agent": "Test" } });
const LINES = ["access=new; HttpOnly; Path=/; Max-Age=900", "refresh=next; HttpOnly; Path=/; Max-Age=604800"];
const CLEARED = ["access=\"\"; Max-Age=0; Path=/", "refresh=\"\"; Max-Age=0; Path=/"];

function server(status: number, lines: readonly string[] = []) {
  const requests: Request[] = [];
  const answer = async (input: RequestInfo | URL, init?: RequestInit) => {
    requests.push(new Request(input, init));
    const headers = new Headers();
    for (const line of lines) headers.append("Set-Cookie", line);
    return new Response("{}", { status, headers });
  };
  return { requests, options: { baseUrl, fetch: answer as typeof fetch } };
}

let warnings: unknown[];
beforeEach(() => {
  warnings = [];
  vi.spyOn(console, "warn").mockImplementation((line: unknown) => void warnings.push(line));
});
afterEach(() => { vi.restoreAllMocks(); });

test("a token that is good is left alone", async () => {
  const { requests, options } = server(200, LINES);
  const cookie = `access=${token(60)}; refresh=old`;
  expect(await renew(page(cookie), options)).toEqual({ status: "fresh", cookie, setCookies: [] });
  expect(requests).toEqual([]);
});

test.each(["refresh=old; theme=dark", `theme=dark; access=${token(-1)}; refresh=old`, `access=${token(5)}; refresh=old; theme=dark`])(
  "a page that comes with %s is renewed, and every line is handed on", async (cookie) => {
    const { requests, options } = server(200, LINES);
    const renewal = await renew(page(cookie), options);
    expect(renewal).toMatchObject({ status: "renewed", setCookies: LINES });
    expect(renewal.cookie.split("; ").toSorted()).toEqual(["access=new", "refresh=next", "theme=dark"]);
    expect(requests).toHaveLength(1);
    expect(requests[0]!.url).toBe(`${baseUrl}/token/refresh/`);
    expect(requests[0]!.headers.get("User-Agent")).toBe("Test");
  });

test("a session that is over is signed out, and the lines that clear its cookies are handed on", async () => {
  const { options } = server(401, CLEARED);
  expect(await renew(page("refresh=old; theme=dark"), options)).toEqual({ status: "signedOut", cookie: "theme=dark", setCookies: CLEARED });
});

test("without cookies nobody is asked", async () => {
  const { requests, options } = server(200, LINES);
  expect((await renew(page("theme=dark"), options)).status).toBe("signedOut");
  expect((await renew(page(`access=${token(-1)}`), options)).status).toBe("signedOut");
  expect(requests).toEqual([]);
});

test("a server that is busy, or silent, leaves the cookies alone", async () => {
  const cookie = "refresh=old";
  expect(await renew(page(cookie), server(503).options)).toEqual({ status: "unavailable", cookie, setCookies: [] });
  const silent = { baseUrl, timeout: 20, fetch: ((_url, init) => new Promise((_, fail) => {
    init?.signal?.addEventListener("abort", () => fail(init.signal?.reason as Error));
  })) as typeof fetch };
  expect(await renew(page(cookie), silent)).toEqual({ status: "unavailable", cookie, setCookies: [] });
});

test("an access cookie without a refresh cookie is the default path, and the log names the setting", async () => {
  await renew(page(`access=${token(60)}`), server(200).options);
  await renew(page(`access=${token(60)}`), server(200).options);
  expect(warnings).toEqual([expect.stringContaining('cookies.refresh_path = "/"')]);
});

test("sveltekit: the page knows its user's cookies, the browser gets both lines, no cache keeps them", async () => {
  const event = { request: page("refresh=old"), locals: {} as { hardtack?: { cookie: string } } };
  const response = await hardtackHandle(server(200, LINES).options)({
    event, resolve: ({ locals }) => new Response(`with ${locals.hardtack?.cookie}`),
  });
  expect(await response.text()).toBe("with refresh=next; access=new");
  expect(response.headers.getSetCookie()).toEqual(LINES);
  expect(response.headers.get("Cache-Control")).toBe("private, no-store");
});

// How a page learns of them is between Next.js and itself: these are the headers that it reads them from.
test("next: the page is rendered with the new cookies, and the browser gets both lines", async () => {
  const headers = { Cookie: "refresh=old; theme=dark", "Accept-Language": "fa" };
  const request = new NextRequest("https://app.example/notes", { headers });
  const response = await hardtackMiddleware(NextResponse, server(200, LINES).options)(request);
  expect(response).toBeInstanceOf(NextResponse);
  expect(response.headers.get("x-middleware-next")).toBe("1");
  expect(response.headers.get("x-middleware-override-headers")?.split(",").toSorted()).toEqual(["accept-language", "cookie"]);
  expect(response.headers.get("x-middleware-request-accept-language")).toBe("fa");
  expect(response.headers.get("x-middleware-request-cookie")?.split("; ").toSorted()).toEqual(["access=new", "refresh=next", "theme=dark"]);
  expect(response.headers.getSetCookie()).toEqual(LINES);
  expect(response.headers.get("Cache-Control")).toBe("private, no-store");
});

test("next: a page with a good token, or with none, goes through as it came", async () => {
  for (const cookie of [`access=${token(60)}; refresh=old`, "theme=dark"]) {
    const { requests, options } = server(200, LINES);
    const request = new NextRequest("https://app.example/", { headers: { Cookie: cookie } });
    const response = await hardtackMiddleware(NextResponse, options)(request);
    expect(requests).toEqual([]);
    expect(response.headers.get("x-middleware-request-cookie")).toBe(cookie);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.headers.has("Cache-Control")).toBe(false);
  }
});
