import type { Clock } from "./clock.js";
import type { HardtackError } from "./error.js";
import type { Locks } from "./lock.js";
import type { components } from "./wire.js";

type Schemas = components["schemas"];

/** A user, as `user/` and a login tell. */
export type User = Schemas["User"];
/** One login of the user, on one browser. */
export type Device = Schemas["Device"];
/** What a login takes. */
export type LoginRequest = Schemas["LoginRequest"];
/** What a registration takes. */
export type RegistrationRequest = Schemas["RegistrationRequest"];

/** Who is there, as far as this tab knows. A new object for every change, so that it can be compared by identity. */
export type Session =
  | { readonly status: "loading"; readonly user: null; readonly error?: HardtackError | undefined }
  | { readonly status: "signedIn"; readonly user: User; readonly error?: HardtackError | undefined }
  | {
    readonly status: "signedOut";
    readonly user: null;
    /** `logout`: here or in another tab. `ended`: the server refused the refresh. Neither: nobody was there at the start. */
    readonly reason?: "logout" | "ended" | undefined;
    readonly error?: undefined;
  };

export interface HardtackOptions {
  /** Where the routes are, as in `/api/auth` or `https://api.example.com/api/auth`. */
  baseUrl: string;
  /**
   * Other origins whose back-ends believe the access cookie: `fetch` sends it there and answers their 401 with a refresh.
   * The origins of the page and of `baseUrl` are among them; to all others `fetch` is the platform's.
   */
  origins?: readonly string[];
  /**
   * After how many milliseconds a refresh is given up. Three of them, and the 30 s in which a browser writes its cookies,
   * must fit into the server's `session.rotation_window`: 7,000 suits its 60 s (docs/rotation.md, section 4).
   */
  timeout?: number;
  /** Called when the session would end idle in `secondsLeft`, and again as the rest halves. Any request of the user defers it. */
  onIdleWarning?: (secondsLeft: number) => void;
  /** How long (ms) before the idle end the first warning comes: 60,000. */
  idleWarning?: number;
  /** The readable cookie with the double-submit token, where the server asks for one: `csrftoken`. */
  csrfCookie?: string;
  /** For tests, and for pages that wrap the platform's. */
  fetch?: typeof fetch;
  locks?: Locks;
  clock?: Clock;
}

/** `fetch`'s, and whether anybody asked for it. */
export interface HardtackRequestInit extends RequestInit {
  /** Nobody asked for it (a poll, a timer): it is answered, and does not defer the session's idle end. */
  background?: boolean | undefined;
}

/** What `renew` is told of the request that was refused. */
export interface RenewOptions {
  /** Nobody asked for it. */
  background?: boolean | undefined;
  /** When it was sent, by `performance.now()`: if tokens were renewed since, nothing needs to be done. */
  sentAt?: number;
}

/** One signed-in browser. Everything is a function that needs no `this`. */
export interface Hardtack {
  /** What is known now, without asking anybody. The same object until something changes. */
  session(): Session;
  /**
   * Trades a password for a session. Refused with a `HardtackError`: `invalid` with its `fields`, `throttled`, `network`, …
   */
  login(credentials: LoginRequest): Promise<User>;
  /** Ends the session, in every tab; with `everywhere`, on every device. Idempotent. */
  logout(options?: { everywhere?: boolean }): Promise<void>;
  /** Opens an account and logs in. `null`: the server wants the address verified first, and has sent a mail. */
  register(form: RegistrationRequest): Promise<User | null>;
  /** The user as the server knows them now; `null` when nobody is signed in. */
  user(): Promise<User | null>;
  /** Where the user is logged in, newest first. */
  sessions(): Promise<Device[]>;
  /** Ends one of `sessions()`. Ending the present one is a logout. */
  endSession(device: Pick<Device, "id" | "current">): Promise<void>;
  /**
   * The platform's `fetch`, with one addition: a 401 of one of our origins is followed by one refresh and one retry, with the
   * same method, body and `AbortSignal`. A body that is a stream cannot be sent twice: its 401 is returned after the refresh.
   * Never retried for another user than the one it was sent for.
   */
  fetch(input: RequestInfo | URL, init?: HardtackRequestInit): Promise<Response>;
  /**
   * Makes sure that the access cookie is newer than the one a request was refused with, sharing the refresh with whoever
   * needs one at the same time. `true`: send it again. What adapters for other HTTP clients are made of.
   */
  renew(options?: RenewOptions): Promise<boolean>;
  /** Calls `listener` after every change; never while a lock is held. Returns what stops it. */
  onChange(listener: (session: Session) => void): () => void;
  /** Stops timers, events and the channel to other tabs. The session lives on. */
  close(): void;
}
