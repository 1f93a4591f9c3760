import type { HardtackRequestInit } from "./types.js";

/** Sends what `init` made; not used up by it, so that it may be sent again. */
export type Send = (request: Request, init: HardtackRequestInit) => Promise<Response>;

/**
 * The platform's `fetch` for our origins: with cookies, the mark of what nobody asked for, and the double-submit token
 * once the server has asked for one.
 */
export function sender(platform: typeof fetch, csrfUrl: URL, csrfCookie: string): Send {
  // Scripts see it where page and server share a host; elsewhere the answer's body tells.
  const readable = RegExp(`(?:^|; )${csrfCookie}=([^;]*)`);
  let token = "";

  return async (request, init) => {
    if (init.background) request.headers.set("X-Hardtack-Background", "1");
    const attempt = () => {
      if (token) request.headers.set("X-CSRFToken", readable.exec(globalThis.document?.cookie)?.[1] ?? token);
      // Sending uses it up; a copy leaves it for a second time.
      return platform(isStream(init) ? request : request.clone());
    };
    const response = await attempt();
    if (response.status !== 403 || isStream(init) || !/"CSRF Failed: CSRF /.test(await response.clone().text())) return response;
    // It belongs to the session: one from before a login has had its day.
    const { signal } = request;
    const issued = await platform(csrfUrl, { credentials: "include", signal });
    if (!issued.ok) return response;
    ({ token } = await issued.json() as { token: string });
    return attempt();
  };
}

/** A body that cannot be sent twice. */
export const isStream = ({ body }: RequestInit): boolean => body instanceof ReadableStream;
