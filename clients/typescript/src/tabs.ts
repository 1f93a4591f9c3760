import type { User } from "./types.js";

/** What one tab tells the others: that the tokens were renewed, and besides … */
export interface News {
  /** … that this user logged in, or … */
  user?: User;
  /** … instead, that the session is over. */
  reason?: "logout" | "ended";
  /** Milliseconds that are left of the access token … */
  left: number;
  /** … by the wall clock, which all tabs of a machine share. */
  at: number;
}

export interface Tabs {
  tell(news: News): void;
  open(): void;
  close(): void;
}

/** The other tabs of this origin. Closed while the page is in the back/forward cache, which an open one may forbid. */
export function tabsOf(name: string, hear: (news: News) => void): Tabs {
  let channel: BroadcastChannel | undefined;
  return {
    tell: (news) => channel?.postMessage(news),
    open() {
      channel ??= new BroadcastChannel(name);
      channel.onmessage = ({ data }) => hear(data as News);
    },
    close() {
      channel?.close();
      channel = undefined;
    },
  };
}
