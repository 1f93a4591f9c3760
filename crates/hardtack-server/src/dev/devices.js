// "Where you are logged in": one row for each session of the user, and a button that ends it.

import { describe } from "./client.js";

/**
 * Shows the sessions in `list`. `session` is what client.js made, `once(button, work)` runs a click's
 * work one at a time. Returns a function that looks again; nobody logged in is an empty list.
 */
export function watchDevices({ list, heading, session, once, notice }) {
  async function look() {
    try {
      list.replaceChildren(...(await session.devices()).map(rowOf));
    } catch {
      // What is shown may be old; the session itself says when it has ended.
    }
  }

  function rowOf(device) {
    const name = element("span", { class: "device-name" }, device.device);
    const marks = [device.current && "this one", device.remembered && "remembered"].filter(Boolean);
    const facts = element("span", { class: "device-facts" },
      device.address || "address unknown", " · logged in ", when(device.created),
      " · last seen ", when(device.last_seen));
    const button = element("button", { type: "button", "aria-label": `Sign out ${device.device}, ${device.address}, logged in ${time(device.created)}` }, "Sign out");
    button.addEventListener("click", () => void once(button, () => end(device)));
    return element("li", device.current ? { "data-current": "true" } : {},
      element("div", {}, name, ...marks.map((mark) => element("span", { class: "badge" }, mark)), facts), button);
  }

  async function end(device) {
    try {
      await session.endDevice(device);
    } catch (error) {
      notice({ tone: "bad", text: `${describe(error)} ${device.device} may still be logged in.` });
      return look();
    }
    if (device.current) return notice({ tone: "calm", text: "Signed out. The access token ended with the session." });
    await look();
    // The button that was pressed is gone with its row; a keyboard must not fall back to the top of the page.
    heading.focus();
    notice({ tone: "calm", text: `${device.device} is signed out, from its next request on.` });
  }

  return look;
}

function when(text) {
  return element("time", { datetime: text }, time(text));
}

function time(text) {
  return new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** Builds an element. Text stays text: nothing that came over the wire is ever parsed as HTML. */
function element(name, attributes, ...content) {
  const built = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) built.setAttribute(key, value);
  built.append(...content);
  return built;
}
