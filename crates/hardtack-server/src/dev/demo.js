// The page: fills the markup from the session's state and passes on what a person does.

import { createSession, describe, Refused } from "./client.js";
import { watchDevices } from "./devices.js";
import { watchRequests } from "./requests.js";
import { settings } from "./settings.js";

const at = (id) => document.getElementById(id);
const PASSWORD_FIELDS = ["old_password", "new_password1", "new_password2"];

const look = watchRequests({ rows: at("request-rows"), empty: at("no-requests"), older: at("older") });
let life = null;
const session = createSession({ settings, onChange: show, onNotice: notice, onExchange: look });

if (settings.pagesPath) {
  const hosted = document.getElementById("hosted-pages");
  hosted.querySelector("a").href = `${settings.pagesPath}/`;
  hosted.hidden = false;
}
const lookAtDevices = watchDevices({ list: at("devices"), heading: at("devices-title"), session, once, notice });

let shown = { phase: "starting" };
let listed = null;

// --- showing -------------------------------------------------------------------------------------

function show(state) {
  const before = shown.phase;
  shown = state.phase === before ? shown : { phase: state.phase };
  document.body.dataset.phase = state.phase;
  at("signed-out").hidden = state.phase !== "out";
  at("signed-in").hidden = state.phase !== "in";
  if (state.phase === "in") showUser(state);
  life = state.life;
  showClock();
  // Once for each session: a renewal changes nothing in the list that anybody would look for.
  if (state.phase !== "in") listed = null;
  else if (state.session && listed !== state.session.session) {
    listed = state.session.session;
    void lookAtDevices();
  }
  // What was focused is gone with its card; a keyboard must not fall back to the top of the page.
  if (before === "out" && state.phase === "in") at("you-title").focus();
  if (before === "in" && state.phase === "out") leave();
}

function showUser({ user, session, renewals }) {
  at("user-name").textContent = user.username;
  at("user-pk").textContent = user.pk ?? user.id;
  at("user-email").textContent = user.email ? `, ${user.email}` : "";
  at("password-username").value = user.username;
  at("renewals").textContent = renewals;
  at("renewals-unit").textContent = renewals === 1 ? "time" : "times";
  at("readable-cookies").textContent = JSON.stringify(document.cookie);
  at("session-row").hidden = at("session-hint").hidden = !session?.session;
  at("session-id").textContent = session?.session ?? "";
  at("revoke-command").textContent = `hardtack session revoke ${session?.session}`;
}

function leave() {
  at("devices").replaceChildren();
  at("remember-me").checked = false;
  at("password-form").reset();
  at("password-panel").open = false;
  showErrors(PASSWORD_FIELDS, "password-form-error", {});
  at("password").value = "";
  at(at("username").value ? "password" : "username").focus();
}

function notice(message) {
  at("status").textContent = message?.text ?? "";
  at("status").dataset.tone = message?.tone ?? "calm";
}

// --- the clock -----------------------------------------------------------------------------------

/** Four times a second is smooth enough for a number and costs nothing. */
setInterval(showClock, 250);

function showClock() {
  if (!life) return;
  const now = Date.now();
  const left = Math.max(life.endsAt - now, 0);
  at("remaining").textContent = minutes(left);
  at("life").max = Math.max(life.total, 1);
  at("life").value = left;
  const until = Math.max(life.renewAt - now, 0);
  at("renewal").textContent = until > 0 ? `Renews itself in ${minutes(until)}.` : "Renewing now.";
}

function minutes(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// --- what a person does --------------------------------------------------------------------------

onSubmit("login-form", "login", async () => {
  const [username, password] = [at("username"), at("password")];
  try {
    await session.login(username.value, password.value, { rememberMe: at("remember-me").checked });
    showErrors(["username", "password"], "login-error", {});
    password.value = "";
    notice({ tone: "calm", text: "Logged in." });
  } catch (error) {
    showErrors(["username", "password"], "login-error", errorsOf(error));
    password.select();
  }
});

onSubmit("password-form", "change-password", async () => {
  const fields = Object.fromEntries(PASSWORD_FIELDS.map((id) => [id, at(id).value]));
  try {
    await session.changePassword(fields);
    showErrors(PASSWORD_FIELDS, "password-form-error", {});
    at("password-form").reset();
    at("password-panel").open = false;
    at("password-panel").querySelector("summary").focus();
    notice({ tone: "calm", text: "The password is changed. Your other sessions have ended; this one goes on." });
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return;
    showErrors(PASSWORD_FIELDS, "password-form-error", errorsOf(error));
  }
});

onClick("renew", async () => {
  await session.renew();
  notice({ tone: "calm", text: "Renewed." });
});

onClick("logout", async () => {
  try {
    await session.logout();
    notice({ tone: "calm", text: "Logged out. The access token ended with the session." });
  } catch (error) {
    notice({ tone: "bad", text: `${describe(error)} You are still logged in.` });
  }
});

onClick("look-again", lookAtDevices);

onClick("logout-everywhere", async () => {
  try {
    await session.logoutEverywhere();
    notice({ tone: "calm", text: "Signed out everywhere. Every access token of yours ended at this moment." });
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return;
    notice({ tone: "bad", text: `${describe(error)} You are still logged in.` });
  }
});

function onSubmit(form, button, work) {
  at(form).addEventListener("submit", (event) => {
    event.preventDefault();
    void once(at(button), work);
  });
}

function onClick(button, work) {
  at(button).addEventListener("click", () => void once(at(button), work));
}

/** One at a time: a second click while the first is on its way does nothing. */
async function once(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  notice(null);
  try {
    await work();
  } catch {
    // The session has already said what is wrong.
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// --- errors at their fields ----------------------------------------------------------------------

function errorsOf(error) {
  const byField = error instanceof Refused && error.status === 400;
  return byField ? error.errors : { non_field_errors: [describe(error)] };
}

function showErrors(fields, form, errors) {
  let first = null;
  for (const id of fields) {
    const messages = [errors[id] ?? []].flat();
    const [input, line] = [at(id), at(`${id}-error`)];
    line.textContent = messages.join(" ");
    line.hidden = messages.length === 0;
    input.toggleAttribute("aria-invalid", messages.length > 0);
    if (messages.length > 0) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", line.id);
      first ??= input;
    } else {
      input.removeAttribute("aria-describedby");
    }
  }
  const general = [errors.non_field_errors ?? [], errors.detail ?? []].flat();
  at(form).textContent = general.join(" ");
  at(form).hidden = general.length === 0;
  first?.focus();
}

look();
void session.load();
