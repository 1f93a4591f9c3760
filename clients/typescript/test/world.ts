// A Hardtack in memory, the one cookie jar of a browser, and tabs of that browser. Time is Vitest's.

import { vi } from "vitest";
import { createHardtack, type Clock, type Hardtack, type HardtackOptions } from "../src/index.js";

export const ALICE = { pk: 1, username: "alice", email: "alice@example.com", first_name: "", last_name: "" };
export const BOB = { ...ALICE, pk: 2, username: "bob", email: "bob@example.com" };
export const LIFETIME = 900_000;
export const BASE = "https://app.example/api/auth";

interface Live { user: typeof ALICE; idleEnd: number }
type Answer = Response | Promise<Response>;

/** What a page is, as far as the client looks. */
class Page extends EventTarget {
  hidden = false;
  cookie = "";
  say(type: string, members: object = {}) {
    this.dispatchEvent(Object.assign(new Event(type), members));
  }
}

export class World {
  readonly page = new Page();
  /** Every request, in order, as `POST token/refresh/`. */
  readonly log: { line: string; request: Request }[] = [];
  /** Answers instead of the server while it returns something. */
  intercept: ((line: string, request: Request) => Answer | undefined) | undefined;
  session: Live | undefined;
  jar: { access?: { session: Live; end: number }; refresh?: Live } = {};
  rotations = 0;
  /** How long (ms) every answer takes. */
  latency = 0;
  idleTimeout = 7 * 86_400_000;
  csrf: string | undefined;
  readonly locks = new Locks();
  readonly tabs: Hardtack[] = [];

  constructor() {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"], now: Date.UTC(2026, 10, 22) });
    vi.stubGlobal("document", this.page);
    vi.stubGlobal("location", { href: "https://app.example/home" });
    vi.stubGlobal("addEventListener", this.page.addEventListener.bind(this.page));
  }

  /** One more tab. */
  tab(options: Partial<HardtackOptions> = {}): Hardtack {
    const { locks } = this;
    const tab = createHardtack({ baseUrl: BASE, fetch: this.fetch, locks: locks as never, ...options });
    this.tabs.push(tab);
    return tab;
  }

  async signedIn(options: Partial<HardtackOptions> = {}): Promise<Hardtack> {
    this.begin(ALICE);
    const tab = this.tab(options);
    await settle();
    this.log.length = 0;
    return tab;
  }

  /** A login, as the jar sees it. */
  begin(user: typeof ALICE) {
    this.session = { user, idleEnd: Date.now() + this.idleTimeout };
    this.grant(this.session);
  }

  count = (line: string) => this.log.filter((entry) => entry.line === line).length;

  end() {
    for (const tab of this.tabs) tab.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  }

  private grant(session: Live) {
    this.jar = { access: { session, end: Math.floor((Date.now() + LIFETIME) / 1_000) * 1_000 }, refresh: session };
    return iso(this.jar.access!.end);
  }

  readonly fetch = (async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const line = `${request.method} ${new URL(request.url).pathname.replace("/api/auth/", "")}`;
    this.log.push({ line, request: request.clone() });
    if (request.signal.aborted) throw request.signal.reason;
    return new Promise<Response>((answer, fail) => {
      request.signal.addEventListener("abort", () => fail(request.signal.reason as Error));
      Promise.resolve(this.intercept?.(line, request) ?? this.answer(line, request)).then(answer, fail);
    });
  }) as typeof fetch;

  private async answer(line: string, request: Request): Promise<Response> {
    if (this.latency) await new Promise((done) => setTimeout(done, this.latency));
    const { access, refresh } = this.jar;
    const caller = access && access.end > Date.now() && access.session === this.session ? access.session : undefined;
    if (caller && !request.headers.has("X-Hardtack-Background")) caller.idleEnd = Date.now() + this.idleTimeout;
    const isUnsafe = request.method !== "GET";
    if (this.csrf && isUnsafe && request.headers.get("X-CSRFToken") !== this.csrf) {
      return json(403, { detail: "CSRF Failed: CSRF token missing." });
    }
    switch (line) {
      case "GET csrf/": return json(200, { token: this.csrf });
      case "GET session/": return json(200, {
        authenticated: !!caller,
        user: caller ? { pk: caller.user.pk } : null,
        access_expiration: caller ? iso(access!.end) : null,
        idle_expiration: caller ? iso(caller.idleEnd) : null,
        renewable: !!refresh,
      });
      case "POST login/": {
        const { username, password } = await request.json() as Record<string, string>;
        if (password !== "right") return json(400, { non_field_errors: ["Unable to log in with provided credentials."] });
        this.begin(username === "bob" ? BOB : ALICE);
        return json(200, { user: this.session!.user, access_expiration: iso(this.jar.access!.end) });
      }
      case "POST token/refresh/":
        if (!refresh || refresh !== this.session || refresh.idleEnd < Date.now()) {
          return json(401, { detail: "Token is blacklisted", code: "token_not_valid" });
        }
        this.rotations += 1;
        if (!request.headers.has("X-Hardtack-Background")) refresh.idleEnd = Date.now() + this.idleTimeout;
        return json(200, { access: "", access_expiration: this.grant(refresh) });
      case "POST logout/":
      case "POST logout/all/":
        if (line === "POST logout/all/" && !caller) return unauthorised();
        this.session = undefined;
        this.jar = {};
        return json(200, { detail: "Successfully logged out." });
      default:
        if (!caller) return unauthorised();
        if (line === "GET user/") return json(200, caller.user);
        if (line === "GET sessions/") return json(200, { sessions: [{ id: "a", current: true }] });
        if (line.startsWith("DELETE sessions/")) this.session = undefined;
        return json(200, { method: request.method, body: await request.text(), user: caller.user.username });
    }
  }
}

/** Web Locks of one browser: exclusive, first come first served. */
class Locks {
  held = false;
  private readonly waiting: (() => void)[] = [];

  async request<T>(_name: string, { signal }: { signal: AbortSignal }, work: () => Promise<T>): Promise<T> {
    if (this.held) {
      await new Promise<void>((granted, fail) => {
        this.waiting.push(granted);
        signal.addEventListener("abort", () => {
          this.waiting.splice(this.waiting.indexOf(granted), 1);
          fail(signal.reason as Error);
        });
      });
    }
    this.held = true;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.held = false;
    }
  }
}

/** Lets promises and the messages of other tabs arrive, without letting time pass. */
export async function settle() {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((done) => setImmediate(done));
}

/** Lets time pass. */
export async function pass(milliseconds: number) {
  await vi.advanceTimersByTimeAsync(milliseconds);
  await settle();
}

/** Until `holds`, in real time: what waits for `AbortSignal.timeout` follows no clock of ours. */
export async function eventually(holds: () => boolean) {
  const until = process.hrtime.bigint() + 10_000_000_000n;
  while (!holds()) {
    if (process.hrtime.bigint() > until) throw new Error("not within ten seconds");
    await settle();
    await vi.advanceTimersByTimeAsync(5);
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}) {
  return new Response(JSON.stringify(body), { status, headers: { Date: new Date().toUTCString(), ...headers } });
}

const unauthorised = () => json(401, { detail: "Given token not valid for any token type", code: "token_not_valid" });
const iso = (at: number) => new Date(at).toISOString().replace("Z", "000Z");

/** A clock that is off by `by()`. */
export const wrongBy = (by: () => number): Clock => ({ wall: () => Date.now() + by(), steady: () => performance.now() });
