/** What the page tells of its own life. */
export interface Wake {
  /** Look whether something is due: the page is shown again. */
  look(): void;
  /** The network is back: what failed for want of it may be tried at once. */
  online(): void;
  /** The page stood still and may have missed what other tabs said: it was frozen, or in the back/forward cache. */
  thawed(): void;
  /** The page goes, perhaps into the back/forward cache. */
  gone(): void;
  /** Somebody is at the machine. */
  input(): void;
}

/** Listens until the returned function is called. The window hears what the document is told, on its way down. */
export function listen({ look: visibilitychange, online, thawed, gone: pagehide, input }: Wake): () => void {
  const stop = new AbortController();
  const listeners = {
    visibilitychange, online, pagehide,
    resume: thawed,
    pageshow: (event: Event) => (event as PageTransitionEvent).persisted && thawed(),
    pointerdown: input,
    keydown: input,
  };
  for (const [type, listener] of Object.entries(listeners)) {
    addEventListener(type, listener, { signal: stop.signal, capture: true, passive: true });
  }
  return () => stop.abort();
}
