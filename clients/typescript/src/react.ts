/** React: who is signed in, as state. */

// For frameworks with server components: context and state live in the browser.
"use client";

import { createContext, createElement, Fragment, type ReactNode, useContext, useSyncExternalStore } from "react";
import type { Hardtack, Session } from "./types.js";

const Client = createContext<Hardtack | null>(null);

/** Hands `client` to everything below it. Make the client outside of components: `createHardtack` once for each page. */
export function HardtackProvider({ client, children }: { client: Hardtack; children?: ReactNode }): ReactNode {
  return createElement(Client.Provider, { value: client }, children);
}

/** The client of the nearest `HardtackProvider`. */
export function useHardtack(): Hardtack {
  const client = useContext(Client);
  if (!client) throw new Error("useHardtack and useSession need a <HardtackProvider client={…}> above them.");
  return client;
}

/** Who is signed in. Renders again when that changes, and not when tokens are renewed. */
export function useSession(): Session {
  const client = useHardtack();
  return useSyncExternalStore(client.onChange, client.session, client.session);
}

/**
 * Renders `children` for a user, `signedOut` for nobody, `loading` until that is known. Another user gets new children:
 * whatever state the last one's had is dropped.
 */
export function RequireSession({ children, loading = null, signedOut = null }: {
  children?: ReactNode;
  loading?: ReactNode;
  signedOut?: ReactNode;
}): ReactNode {
  const { status, user } = useSession();
  if (!user) return status === "loading" ? loading : signedOut;
  return createElement(Fragment, { key: user.pk }, children);
}
