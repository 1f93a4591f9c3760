/** Vue: who is signed in, as a ref. */

import { type App, inject, type InjectionKey, onScopeDispose, type Plugin, readonly, type ShallowRef, shallowRef } from "vue";
import type { Hardtack, Session } from "./types.js";

const CLIENT: InjectionKey<Hardtack> = Symbol("hardtack");

/** `app.use(hardtackPlugin, client)` hands `client` to every component. */
export const hardtackPlugin: Plugin<[Hardtack]> = {
  install: (app: App, client: Hardtack) => void app.provide(CLIENT, client),
};

/** The client that the plugin was given. */
export function useHardtack(): Hardtack {
  const client = inject(CLIENT);
  if (!client) throw new Error("useHardtack and useSession need app.use(hardtackPlugin, client).");
  return client;
}

/**
 * Who is signed in. Give what shows a user's data `:key="session.user?.pk"`: another user then gets new components, and
 * whatever state the last one's had is dropped.
 */
export function useSession(): Readonly<ShallowRef<Session>> {
  const client = useHardtack();
  const session = shallowRef(client.session());
  onScopeDispose(client.onChange((now) => (session.value = now)));
  return readonly(session) as Readonly<ShallowRef<Session>>;
}
