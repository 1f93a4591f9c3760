// The session as a single-page app keeps it: it never sees a token, only who is logged in and when
// the access token ends. Three rules carry everything:
//   - one refresh at a time in this browser, whatever the number of tabs (Web Locks);
//   - what one tab learns, all tabs learn (BroadcastChannel);
//   - only a refresh that is refused with 401 (400 or 403 under some presets) signs out. A network
//     that fails, a server that is busy, an access token that has run out: none of these ends a
//     session.

const LOCK = "hardtack-demo";

/** Renew when this part of the token's life is over, but never sooner than a second from now. */
const RENEW_AT = 0.8;
const SHORTEST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/** What a refresh of nobody is answered: `response.missing_refresh_status`. */
const REFUSED = [400, 401, 403];

/** An answer that is no success. `errors` is the body: messages by field, or `detail`. */
export class Refused extends Error {
  constructor(status, errors, retryAfter) {
    super(`the server answered ${status}`);
    this.status = status;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}

/** No answer at all: offline, or the server is gone. */
export class Unreachable extends Error {}

/**
 * Keeps one session alive.
 *
 * `settings` are the server's: `basePath`, and `csrfCookie`, whose value goes into a header of every
 * request that changes something; `null` where none is asked for.
 * `onChange(state)` is called after each change, with
 * `{ phase: "starting" | "out" | "in", user, session, life: { endsAt, total, renewAt }, renewals }`
 * (times in this machine's milliseconds). `onNotice({ tone, text })` is for people; `null` clears it.
 */
export function createSession({ settings, onChange, onNotice, onExchange }) {
  const state = { phase: "starting", user: null, session: null, life: null, renewals: 0 };
  const tabs = new BroadcastChannel("hardtack-demo");
  const clock = serverClock();
  let timer = 0;
  let failures = 0;
  // Counts what this tab has heard of, so that a queued refresh can tell whether it is still needed.
  let news = 0;

  const changed = () => onChange(state);

  // --- the wire -------------------------------------------------------------------------------

  async function send(method, path, body) {
    if (method === "GET" || !settings.csrfCookie) return exchange(method, path, body);
    if (readableCookie(settings.csrfCookie) === null) await exchange("GET", "/csrf/");
    try {
      return await exchange(method, path, body);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 403) throw error;
      // The token belongs to a session: one from before a login or a logout has had its day.
      await exchange("GET", "/csrf/");
      return exchange(method, path, body);
    }
  }

  async function exchange(method, path, body) {
    const init = { method, credentials: "same-origin", cache: "no-store", headers: { Accept: "application/json" } };
    if (body !== undefined) {
      init.headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    const token = method === "GET" || !settings.csrfCookie ? null : readableCookie(settings.csrfCookie);
    if (token !== null) init.headers["X-CSRFToken"] = token;
    const sentAt = Date.now();
    let response;
    let answer;
    try {
      response = await fetch(settings.basePath + path, init);
      answer = await response.json().catch(() => ({}));
    } catch (error) {
      throw new Unreachable(String(error));
    } finally {
      onExchange();
    }
    clock.learn(response.headers.get("Date"), sentAt, Date.now());
    if (response.ok) return answer;
    throw new Refused(response.status, answer, waitOf(response));
  }

  /** A request that the access token authenticates: on 401 it refreshes once and tries again once. */
  async function ask(method, path, body) {
    try {
      return await send(method, path, body);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      await refresh();
      return send(method, path, body);
    }
  }

  // --- one refresh at a time ------------------------------------------------------------------

  /** Renews the access token, or waits for the tab that is doing so. */
  async function refresh() {
    const before = news;
    await exclusively(async (waited) => {
      if (waited) {
        // The other tab's message may still be on its way when its lock comes free.
        await sleep(50);
        if (news !== before && state.phase === "out") throw new Refused(401, {}, null);
        if (news !== before) return;
      }
      try {
        const answer = await send("POST", "/token/refresh/");
        state.renewals += 1;
        // A preset may leave it out.
        const expiration = answer.access_expiration ?? (await send("GET", "/session/")).access_expiration;
        began(expiration);
        tell({ type: "renewed", expiration, total: state.life?.total });
      } catch (error) {
        if (error instanceof Refused && REFUSED.includes(error.status)) {
          const wasIn = state.phase === "in";
          ended();
          if (wasIn) {
            tell({ type: "logged-out" });
            onNotice({ tone: "bad", text: "The session has ended: it was logged out elsewhere, or it ran out. Log in again." });
          }
          throw new Refused(401, {}, null);
        }
        throw error;
      }
    });
  }

  async function exclusively(work) {
    if (!navigator.locks) return work(false);
    // A free lock means that nobody is refreshing; one that must be waited for, that somebody was.
    const free = await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
      if (!lock) return { busy: true };
      await work(false);
      return { busy: false };
    });
    if (free.busy) await navigator.locks.request(LOCK, () => work(true));
  }

  // --- the life of the access token -----------------------------------------------------------

  function began(expiration, total) {
    const endsAt = clock.local(Date.parse(expiration));
    if (Number.isNaN(endsAt)) return;
    const left = Math.max(endsAt - Date.now(), 0);
    state.life = { endsAt, total: total ?? left, renewAt: 0 };
    failures = 0;
    renewIn(Math.max(left * RENEW_AT, SHORTEST_WAIT));
    changed();
  }

  function renewIn(wait) {
    clearTimeout(timer);
    if (state.life) state.life.renewAt = Date.now() + wait;
    timer = setTimeout(renewWhenDue, wait);
  }

  async function renewWhenDue() {
    if (state.phase !== "in") return;
    try {
      await refresh();
      onNotice(null);
    } catch (error) {
      explain(error);
    }
  }

  /** Says what went wrong with a renewal and plans the next try. A 401 has been dealt with. */
  function explain(error) {
    if (state.phase !== "in" || (error instanceof Refused && error.status === 401)) return;
    failures += 1;
    const backoff = Math.min(SHORTEST_WAIT * 2 ** failures, LONGEST_WAIT);
    const wait = error instanceof Refused && error.retryAfter ? error.retryAfter * 1_000 : backoff;
    renewIn(wait);
    changed();
    onNotice({ tone: "bad", text: `${describe(error)} You are still logged in; the next try is in ${Math.ceil(wait / 1_000)} s.` });
  }

  function ended() {
    clearTimeout(timer);
    Object.assign(state, { phase: "out", user: null, session: null, life: null, renewals: 0 });
    changed();
  }

  // --- other tabs -----------------------------------------------------------------------------

  function tell(message) {
    news += 1;
    tabs.postMessage(message);
  }

  tabs.onmessage = ({ data }) => {
    news += 1;
    onExchange();
    if (data.type === "logged-out" && state.phase !== "out") {
      ended();
      onNotice({ tone: "calm", text: "You logged out in another tab." });
    }
    if (data.type === "renewed" && state.phase === "in") {
      began(data.expiration, data.total);
      onNotice(null);
    }
    if (data.type === "logged-in") void load({ elsewhere: true });
  };

  // A tab in the background has slow timers, and a laptop that slept has none.
  const awake = () => {
    if (document.visibilityState === "visible" && state.life && Date.now() >= state.life.renewAt) void renewWhenDue();
  };
  document.addEventListener("visibilitychange", awake);
  window.addEventListener("pageshow", awake);
  window.addEventListener("online", awake);

  // --- what the page calls --------------------------------------------------------------------

  /** Finds out who is logged in: at start, and when another tab says that something changed. */
  async function load({ elsewhere = false } = {}) {
    const before = state.user?.username;
    if (elsewhere) state.life = null;
    try {
      const user = await ask("GET", "/user/");
      await enter(user);
      if (elsewhere && user.username !== before) onNotice({ tone: "calm", text: `Logged in as ${user.username} in another tab.` });
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return ended();
      onNotice({ tone: "bad", text: describe(error) });
      if (state.phase !== "starting") return;
      // Good refreshes are never answered 429, so there is nobody to be logged in.
      if (error instanceof Refused && error.status === 429) ended();
      else setTimeout(load, 2_000);
    }
  }

  /** Logged in as `user`. Whatever is not known yet about the session is asked for. */
  async function enter(user, expiration) {
    Object.assign(state, { phase: "in", user });
    if (expiration) began(expiration);
    state.session = await send("GET", "/session/").catch(() => null);
    if (!state.life && state.session?.access_expiration) began(state.session.access_expiration);
    // Who cannot learn when the token ends, renews it and knows.
    if (!state.life) await refresh().catch(explain);
    changed();
  }

  /** `options.rememberMe`: longer timeouts. What is not asked for is not sent. */
  async function login(username, password, { rememberMe = false } = {}) {
    const body = { username, password, ...(rememberMe && { remember_me: true }) };
    const answer = await exclusivelyReturning(() => send("POST", "/login/", body));
    // A preset may leave both out.
    await enter(answer.user ?? await send("GET", "/user/"), answer.access_expiration);
    tell({ type: "logged-in" });
  }

  async function logout() {
    // Not while a refresh is on its way: its late answer would set cookies again.
    await exclusivelyReturning(() => send("POST", "/logout/"));
    ended();
    tell({ type: "logged-out" });
  }

  /** Where the user is logged in, newest first. */
  async function devices() {
    return (await ask("GET", "/sessions/")).sessions;
  }

  /** Ends one of `devices()`. One that has ended meanwhile (404) is as good. */
  async function endDevice({ id, current }) {
    const end = () => ask("DELETE", `/sessions/${id}/`).catch((error) => {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
    });
    if (!current) return end();
    await end();
    ended();
    tell({ type: "logged-out" });
  }

  /** Ends every session of the user, this one included. */
  async function logoutEverywhere() {
    await ask("POST", "/logout/all/");
    ended();
    tell({ type: "logged-out" });
  }

  async function changePassword(fields) {
    const answer = await ask("POST", "/password/change/", fields);
    // The answer brought fresh cookies, so what was known about the old token is over.
    state.life = null;
    await enter(state.user, answer.access_expiration);
    tell({ type: "logged-in" });
  }

  async function renew() {
    try {
      await refresh();
    } catch (error) {
      explain(error);
      throw error;
    }
  }

  async function exclusivelyReturning(work) {
    return navigator.locks ? navigator.locks.request(LOCK, work) : work();
  }

  return { load, login, logout, logoutEverywhere, devices, endDevice, changePassword, renew };
}

/** One sentence for people. */
export function describe(error) {
  if (error instanceof Unreachable) return "The server cannot be reached.";
  if (!(error instanceof Refused)) return "Something on this page went wrong.";
  if (error.status === 429) return `Too many tries. Wait ${error.retryAfter ?? "some"} seconds.`;
  if (error.status === 503) return "The server is busy.";
  return error.errors?.detail ?? `The server answered ${error.status}.`;
}

/** The value of a cookie that scripts can see, or null. */
function readableCookie(name) {
  const pair = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return pair === undefined ? null : pair.slice(name.length + 1);
}

/** Seconds of `Retry-After`, or null. */
function waitOf(response) {
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return Number.isFinite(seconds) ? seconds : null;
}

/**
 * The difference to the server's clock, from its `Date` headers. They have whole seconds, so a
 * difference that the rounding alone explains counts as none.
 */
function serverClock() {
  let offset = 0;
  return {
    learn(date, sentAt, receivedAt) {
      const from = Date.parse(date ?? "");
      if (Number.isNaN(from)) return;
      const to = from + 999;
      if (sentAt > to) offset = to - sentAt;
      else if (receivedAt < from) offset = from - receivedAt;
      else offset = 0;
    },
    local: (server) => server - offset,
  };
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
