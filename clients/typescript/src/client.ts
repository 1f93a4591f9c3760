import { countdown, systemClock, timeUntil } from "./clock.js";
import { errorOf, type HardtackError, unanswered } from "./error.js";
import { lockOf } from "./lock.js";
import { isStream, sender } from "./send.js";
import { type News, tabsOf } from "./tabs.js";
import type { Device, Hardtack, HardtackOptions, HardtackRequestInit, RenewOptions, Session, User } from "./types.js";
import { listen } from "./wake.js";
import type { components } from "./wire.js";

/** What routes tell of tokens; which of it there is depends on the route. */
type Told = components["schemas"]["Session"] & { access_expiration: string; user?: User };

/** A request for one of our own routes. */
type Call = Pick<HardtackRequestInit, "method" | "background"> & { form?: object };

/** A timer stands still while the machine sleeps, and nothing tells a visible page that it slept. */
const HEARTBEAT = 20_000;
/** How long the news of another tab may be behind its lock. */
const NEWS_DELAY = 50;
const A_MINUTE = 60_000;

/** Keeps this browser signed in. One for each page; `close` it when the page goes on without. */
export function createHardtack(options: HardtackOptions): Hardtack {
  const { fetch: platform = fetch, timeout = 7_000, clock = systemClock, onIdleWarning, idleWarning = A_MINUTE } = options;
  const here = globalThis.location?.href;
  const base = new URL(options.baseUrl.replace(/\/*$/, "/"), here);
  const ours = [base, here ?? base, ...options.origins ?? []].map((url) => new URL(url).origin);
  // On a server there is nobody to keep signed in: nothing is asked, and no timer runs.
  const isPage = globalThis.document;
  const send = sender(platform, new URL("csrf/", base), options.csrfCookie ?? "csrftoken");
  const make = (input: RequestInfo | URL, init?: RequestInit) => new Request(input, { credentials: "include", ...init });
  const bare: Hardtack["fetch"] = (input, init = {}) => send(make(input, init), init);
  const name = `hardtack:${base}`;
  const exclusively = lockOf(options.locks ?? globalThis.navigator?.locks, name, timeout * 1.5);
  const tabs = tabsOf(name, hear);
  const listeners = new Set<(session: Session) => void>();
  const after = (wait: number) => countdown(clock, wait);

  let session: Session = { status: "loading", user: null };
  /** Counts what changes the cookies, here and in other tabs. */
  let news = 0;
  let renewedAt = 0;
  /** What is left of the access token, and how long before its end it is renewed. */
  let life = after(0);
  let margin = 0;
  /** Until then nothing is tried by itself. */
  let pause = life;
  let failures = 0;
  /** Until then nobody needs to know when the session ends idle. */
  let calm = life;
  let refreshing: Promise<boolean> | undefined;
  let checking: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isActive = true;
  let isClosed = false;

  // --- what is known --------------------------------------------------------------------------

  function become(next: Session) {
    plan(next);
    if (JSON.stringify(next) === JSON.stringify(session)) return;
    session = next;
    // Later and one by one: a listener that throws, or waits for a lock, is its own affair.
    for (const listener of listeners) queueMicrotask(() => listener(next));
  }

  /** New tokens, `left` milliseconds before the end of the access token; perhaps of another user. */
  function lives(left: number, user = session.user) {
    news += 1;
    failures = 0;
    renewedAt = clock.steady();
    // Some servers do not tell.
    life = after(left = Math.max(left, 1_000) || A_MINUTE);
    // Each tab at its own moment: the first one renews for all.
    margin = Math.min(A_MINUTE, left / 3) * (1 - Math.random() / 2);
    pause = after(0);
    calm = after(onIdleWarning ? 0 : Infinity);
    if (user) become({ status: "signedIn", user });
  }

  function leave(reason?: "logout" | "ended") {
    news += 1;
    become({ status: "signedOut", user: null, reason });
  }

  function hear({ left, at, user, reason }: News) {
    if (reason) session.user && leave(reason);
    else if (user || session.status !== "signedOut") lives(left - Math.max(0, clock.wall() - at), user);
  }

  const tell = (what: Partial<News>) => tabs.tell({ left: life(), at: clock.wall(), ...what });

  // --- the wire -------------------------------------------------------------------------------

  /**
   * One of our own routes: its answer, and what is left of the access token that it tells of, counted from before it was
   * asked for. What is no success is thrown.
   */
  async function call<T = Told>(path: string, { form, ...init }: Call = {}, via = bare): Promise<[T, number]> {
    const spent = after(0);
    const body = form && { body: JSON.stringify(form), headers: { "Content-Type": "application/json" } };
    try {
      const response = await via(new URL(path, base), { ...init, ...body, signal: AbortSignal.timeout(timeout) });
      if (!response.ok) throw await errorOf(response);
      const told = await response.json();
      return [told, timeUntil(told.access_expiration, response, clock) + spent()];
    } catch (error) {
      throw unanswered(error);
    }
  }

  const ask = () => call("session/", { background: true });

  // --- refresh --------------------------------------------------------------------------------

  const refresh = (background?: boolean): Promise<boolean> =>
    refreshing ??= refreshOnce(background).finally(() => (refreshing = undefined));

  async function refreshOnce(background?: boolean): Promise<boolean> {
    const before = news;
    isActive = false;
    // Nothing of the application runs inside. Other tabs are told there, before they are let in.
    const learnt = await exclusively(async (waited) => {
      if (waited) await new Promise((done) => setTimeout(done, NEWS_DELAY));
      if (news !== before) return;
      const answer = await call("token/refresh/", { method: "POST", background }).catch(unanswered);
      if (!("code" in answer)) tell({ left: answer[1] });
      return answer;
    });
    // Somebody renewed, logged in or out meanwhile: newer than a refusal of what was before.
    if (!learnt || ("code" in learnt && news !== before)) return session.status !== "signedOut";
    if (!("code" in learnt)) {
      lives(learnt[1]);
      return true;
    }
    // The only answer that signs out. At the start there is nobody to be, and a good refresh is not throttled.
    if (learnt.status === 401 || (learnt.status === 429 && session.status === "loading")) gone("ended");
    else failed(learnt);
    return false;
  }

  function failed(error: HardtackError) {
    const wait = Math.min(A_MINUTE, (timeout / 14) * 2 ** failures++) * (1 + Math.random());
    pause = after(Math.max((error.retryAfter ?? 0) * 1_000, wait));
    if (session.status !== "signedOut") become({ ...session, error });
  }

  function gone(reason: "logout" | "ended") {
    if (session.user) {
      tell({ reason });
      leave(reason);
    } else leave();
  }

  const isDue = () => session.user && life() < margin && pause() <= 0;

  const renew = async ({ background, sentAt = Infinity }: RenewOptions = {}) =>
    session.status !== "signedOut"
    && (renewedAt > sentAt || (!(session.error?.retryAfter && pause() > 0) && refresh(background)));

  // --- who is there ---------------------------------------------------------------------------

  /** Asks the server: at the start, and when this page may have missed what other tabs said. */
  const check = () => checking ??= checkOnce().catch(failed).finally(() => (checking = undefined));

  async function checkOnce(wasRenewed?: boolean): Promise<void> {
    const [{ user, renewable }, left] = await ask();
    if (user) lives(left, user.pk !== session.user?.pk ? (await call<User>("user/", { background: true }))[0] : undefined);
    // A visitor has nothing to renew: a refresh would only be refused.
    else if (!wasRenewed && (session.user || renewable)) (await refresh(true)) && await checkOnce(true);
    // Or it was renewed, and the browser keeps no cookie of ours.
    else leave();
  }

  /** The idle end moves with what other tabs do: the server is asked before anybody is warned. */
  async function watchIdle() {
    const [{ idle_expiration, access_expiration }, left] = await ask();
    // Both are the server's, so their difference needs no clock of ours.
    const idle = Date.parse(idle_expiration ?? "") - Date.parse(access_expiration) + left;
    calm = after(Math.max(idle > idleWarning ? idle - idleWarning : idle / 2, 1_000) || HEARTBEAT);
    if (idle > 0 && idle <= idleWarning) onIdleWarning!(Math.ceil(idle / 1_000));
  }

  // --- time -----------------------------------------------------------------------------------

  function plan({ status }: Session) {
    clearTimeout(timer);
    if (isClosed || !isPage || status === "signedOut") return;
    const wait = Math.max(pause(), Math.min(life() - margin, calm()));
    timer = setTimeout(tick, Math.min(HEARTBEAT, Math.max(wait, 0)));
  }

  async function tick() {
    if (document.hidden) return;
    if (pause() > 0) { /* later */ }
    else if (session.status === "loading") await check();
    else if (session.user && life() < margin) await refresh(!isActive);
    else if (session.user && calm() <= 0) await watchIdle().catch(failed);
    plan(session);
  }

  function wake() {
    if (isClosed) return;
    tabs.open();
    void check();
  }

  // --- what the page calls --------------------------------------------------------------------

  const fetchOurs: Hardtack["fetch"] = async (input, init = {}) => {
    if (!ours.includes(new URL(input instanceof Request ? input.url : input, here).origin)) return platform(input, init);
    const { background } = init;
    const request = make(input, init);
    // One that is aborted already ends the request itself.
    const wait = <T>(promise: Promise<T>) => Promise.race([promise, new Promise<never>((_, fail) => {
      request.signal.addEventListener("abort", () => fail(request.signal.reason));
    })]);

    if (checking) await wait(checking);
    if (isDue()) await wait(refresh(background));
    const sentAt = clock.steady();
    const sender = session.user?.pk;
    const response = await send(request, init);
    if (response.status !== 401 || !(await wait(renew({ background, sentAt }))) || isStream(init)) return response;
    // What one user asked for is never done in the name of another who logged in meanwhile.
    if (sender !== session.user?.pk) return response;
    return send(request, init);
  };

  /** Takes the refresh's lock: a late answer of the old session must not land on the cookies of the new one. */
  async function open(path: string, form: object): Promise<User | null> {
    const [{ user }, left] = await exclusively(() => call(path, { method: "POST", form }));
    if (!user) return null;
    lives(left, user);
    tell({ user });
    return user;
  }

  tabs.open();
  const deafen = isPage && listen({
    look: () => void tick(),
    online() {
      pause = after(0);
      void tick();
    },
    thawed: wake,
    gone: tabs.close,
    input: () => (isActive = true),
  });
  if (isPage) wake();

  return {
    session: () => session,
    login: (credentials) => open("login/", credentials) as Promise<User>,
    register: (form) => open("registration/", form),
    async logout({ everywhere } = {}) {
      await (everywhere ? call("logout/all/", { method: "POST" }, fetchOurs) : exclusively(() => call("logout/", { method: "POST" })));
      gone("logout");
    },
    async user() {
      await checking;
      if (session.status === "signedOut") return null;
      try {
        const [user] = await call<User>("user/", {}, fetchOurs);
        if (session.user) become({ status: "signedIn", user });
        return user;
      } catch (error) {
        if ((error as HardtackError).status !== 401) throw error;
        return null;
      }
    },
    sessions: async () => (await call<{ sessions: Device[] }>("sessions/", {}, fetchOurs))[0].sessions,
    async endSession({ id, current }) {
      await call(`sessions/${id}/`, { method: "DELETE" }, fetchOurs);
      if (current) gone("logout");
    },
    fetch: fetchOurs,
    renew,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isClosed = true;
      plan(session);
      deafen?.();
      tabs.close();
      listeners.clear();
    },
  };
}
