/**
 * Pages that a server renders: the access token is renewed before they are, and the browser gets the new cookies with
 * the page.
 *
 * The server must see the refresh cookie for that: set `cookies.refresh_path = "/"` in hardtack.toml. By default the cookie
 * goes to Hardtack's own routes alone.
 */

export interface SsrOptions {
  /** Where this server reaches the routes: `http://127.0.0.1:8000/api/auth`. */
  baseUrl: string;
  /** `cookies.access_name` and `cookies.refresh_name`, with their prefix if there is one. */
  accessCookie?: string;
  refreshCookie?: string;
  /** `cookies.csrf_name`; sent along as `X-CSRFToken`. */
  csrfCookie?: string;
  /** After how many milliseconds the page is rendered without a renewal: 7,000. */
  timeout?: number;
  fetch?: typeof fetch;
}

/** What the page may know, and what the browser must be sent. */
export interface Renewal {
  /**
   * `fresh`: the access cookie is good for some seconds yet. `renewed`: there is a new one. `signedOut`: there is no session. `unavailable`:
   * nobody knows; Hardtack did not answer, and the cookies stay.
   */
  readonly status: "fresh" | "renewed" | "signedOut" | "unavailable";
  /** The `Cookie` header as it would be with the new cookies: for requests of this server in the user's name. */
  readonly cookie: string;
  /** Every `Set-Cookie` line, to be sent to the browser one by one. */
  readonly setCookies: readonly string[];
}

/** An access token with less than this (ms) left is renewed: the page's own requests come after it. */
const SOON = 10_000;

/** Renews the tokens of `request` if need be. Never throws for want of an answer. */
export async function renew(request: { headers: Headers }, options: SsrOptions): Promise<Renewal> {
  const { accessCookie = "access", refreshCookie = "refresh", csrfCookie = "csrftoken", timeout = 7_000 } = options;
  const header = request.headers.get("Cookie") ?? "";
  const cookies = new Map(header.split("; ").filter(Boolean).map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)];
  }));
  const isGood = endOf(cookies.get(accessCookie)) > Date.now() + SOON;
  const unchanged = { cookie: header, setCookies: [] };
  if (!cookies.has(refreshCookie)) {
    if (!isGood) return { status: "signedOut", ...unchanged };
    warnOnce('hardtack/ssr: there is an access cookie and no refresh cookie. Set cookies.refresh_path = "/" in hardtack.toml.');
  }
  if (isGood) return { status: "fresh", ...unchanged };

  const csrf = cookies.get(csrfCookie);
  let answer: Response;
  try {
    answer = await (options.fetch ?? fetch)(`${options.baseUrl.replace(/\/+$/, "")}/token/refresh/`, {
      method: "POST",
      headers: {
        Cookie: header,
        "User-Agent": request.headers.get("User-Agent") ?? "",
        ...(csrf && { "X-CSRFToken": csrf }),
      },
      cache: "no-store",
      signal: AbortSignal.timeout(timeout),
    });
    await answer.arrayBuffer();
  } catch {
    return { status: "unavailable", ...unchanged };
  }
  const setCookies = answer.headers.getSetCookie();
  for (const line of setCookies) {
    const [pair = "", ...attributes] = line.split(";");
    const at = pair.indexOf("=");
    const isCleared = attributes.some((attribute) => /^\s*max-age=0*$/i.test(attribute));
    if (isCleared) cookies.delete(pair.slice(0, at));
    else cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const status = answer.ok ? "renewed" : answer.status === 401 ? "signedOut" : "unavailable";
  return { status, cookie, setCookies };
}

/** `response` with every line of `renewal`; no cache may keep what carries cookies. */
export function withCookies(response: Response, renewal: Renewal): Response {
  if (renewal.setCookies.length === 0) return response;
  const sent = new Response(response.body, response);
  for (const line of renewal.setCookies) sent.headers.append("Set-Cookie", line);
  sent.headers.set("Cache-Control", "private, no-store");
  return sent;
}

/** As much of SvelteKit's event as is needed. */
interface SvelteKitEvent {
  request: Request;
  locals: object;
}

/**
 * SvelteKit: `export const handle = hardtackHandle({ baseUrl })` in `src/hooks.server.ts`. `event.locals.hardtack` is the `Renewal`;
 * send its `cookie` with requests in the user's name.
 */
export function hardtackHandle(options: SsrOptions) {
  return async <Event extends SvelteKitEvent>({ event, resolve }: {
    event: Event;
    resolve: (event: Event) => Response | Promise<Response>;
  }): Promise<Response> => {
    const renewal = await renew(event.request, options);
    Object.assign(event.locals, { hardtack: renewal });
    return withCookies(await resolve(event), renewal);
  };
}

/** As much of `NextResponse` as is needed. */
interface NextResponses<Response> {
  next(init: { request: { headers: Headers } }): Response;
}

/**
 * Next.js: `export const proxy = hardtackMiddleware(NextResponse, { baseUrl })` in `proxy.ts`; before version 16 it was `middleware` in
 * `middleware.ts`. Pages then read the new cookies from `headers()` and `cookies()` as if the browser had sent them.
 */
export function hardtackMiddleware<Next extends { headers: Headers }>(nextResponse: NextResponses<Next>, options: SsrOptions) {
  return async (request: { headers: Headers }): Promise<Next> => {
    const renewal = await renew(request, options);
    const headers = new Headers(request.headers);
    headers.set("Cookie", renewal.cookie);
    const response = nextResponse.next({ request: { headers } });
    for (const line of renewal.setCookies) response.headers.append("Set-Cookie", line);
    if (renewal.setCookies.length > 0) response.headers.set("Cache-Control", "private, no-store");
    return response;
  };
}

/** When a JWT ends, in milliseconds; 0 for what is none. Not verified: it only decides whether to ask. */
function endOf(token: string | undefined): number {
  try {
    const claims: unknown = JSON.parse(atob((token?.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/")));
    return ((claims as { exp?: number }).exp ?? 0) * 1_000;
  } catch {
    return 0;
  }
}

let isWarned = false;
function warnOnce(message: string) {
  if (!isWarned) console.warn(message);
  isWarned = true;
}
