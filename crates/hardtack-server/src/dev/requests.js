// "What just happened": the server's own list of its last requests, each with a sentence to learn from.

const POLL = 3_000;
const FEW = 10;

/** Shows the list in `rows` and keeps it fresh. Returns a function that asks for a look soon. */
export function watchRequests({ rows, empty, older }) {
  let newest = 0;
  let most = FEW;
  let soon = 0;

  async function look() {
    const response = await fetch("/dev/requests", { cache: "no-store" }).catch(() => null);
    if (!response?.ok) return;
    const { requests } = await response.json();
    const top = requests[0]?.id ?? 0;
    if (top === newest && rows.children.length >= 2 * Math.min(most, requests.length)) return;
    const isFresh = (request) => newest > 0 && request.id > newest;
    rows.replaceChildren(...requests.slice(0, most).flatMap((request) => rowsOf(request, isFresh(request))));
    empty.hidden = requests.length > 0;
    older.hidden = requests.length <= most;
    newest = top;
  }

  older.addEventListener("click", () => {
    most = Infinity;
    void look();
  });
  setInterval(() => document.visibilityState === "visible" && look(), POLL);
  return () => {
    clearTimeout(soon);
    soon = setTimeout(look, 120);
  };
}

function rowsOf(request, fresh) {
  const row = element("tr", { role: "row", class: fresh ? "fresh" : "" },
    cell("", element("span", { class: "path" }, `${request.method} ${request.path}`),
      element("time", { class: "when", datetime: request.at }, new Date(request.at).toLocaleTimeString())),
    cell("", element("span", { class: "code", "data-class": String(request.status)[0] }, String(request.status))),
    cell("The browser sent", list(request.sent.map((name) => [name, ""]))),
    cell("The server set", list(request.set.map((cookie) => [cookie.name, flagsOf(cookie)]))));
  const why = element("tr", { role: "row", class: fresh ? "why fresh" : "why" },
    element("td", { role: "cell", colspan: "4" }, explanationOf(request)));
  return [row, why];
}

function cell(label, ...content) {
  return element("td", label ? { role: "cell", "data-label": label } : { role: "cell" }, ...content);
}

function list(cookies) {
  if (cookies.length === 0) return element("span", { class: "nothing" }, "no cookie");
  return element("ul", { class: "cookies" }, ...cookies.map(([name, flags]) =>
    element("li", {}, element("code", {}, name), flags && " ", flags && element("span", { class: "flags" }, flags))));
}

function flagsOf(cookie) {
  if (cookie.max_age === 0) return `cleared, Path=${cookie.path}`;
  return [
    `Path=${cookie.path}`,
    cookie.http_only && "HttpOnly",
    cookie.secure && "Secure",
    cookie.same_site && `SameSite=${cookie.same_site}`,
    cookie.max_age !== null && `Max-Age=${cookie.max_age}`,
  ].filter(Boolean).join(" · ");
}

/** The first row that fits speaks: method, end of the path, status (or its hundreds), sentence. */
const SENTENCES = [
  ["POST", "/login", 200, "The password was right: the server opened a session and put both tokens into HttpOnly cookies, where no script can read them."],
  ["POST", "/login", 400, "Not logged in. An unknown name and a wrong password get the same answer after the same work, so that nobody learns which names exist."],
  ["POST", "/login", 429, "Too many tries in a short time: guessing is slowed down, for this name and for this address."],
  ["POST", "/token/refresh", 200, "The refresh cookie bought a new access token, and both cookies were renewed. Asking twice in a short time gives the same successor, so tabs cannot fork a session."],
  ["POST", "/token/refresh", 401, "Refused: there is no live session behind this request. This answer, and no other, means that a page has to log in again."],
  ["POST", "/token/refresh", 429, "Many refused refreshes in a row from this client: a page that loops is told to wait. Good refreshes still pass."],
  ["POST", "/logout", 200, "The session and its access token ended at this moment, and both cookies were cleared. Doing it twice does no harm."],
  ["POST", "/logout/all", 200, "Every session of this user ended in one act, and the access tokens with them. The cookies of this browser were cleared; the others learn it at their next request."],
  ["POST", "/password/change", 200, "The new password is saved. Every other session of this user ended; this one got fresh cookies."],
  ["POST", "/password/change", 400, "Nothing was changed: the old password was wrong, or the new one breaks a rule."],
  ["GET", "/user", 200, "The access cookie proved who you are. The refresh cookie came along only because this address lies under its path."],
  ["GET", "/user", 401, "No good access token came along: there was none, it ran out, or its session ended. The page answers with one refresh."],
  ["GET", "/session", 200, "Told by the access token alone, without a look into the store: which session this is, and when the token ends. Strangers get 200 too, so a page may ask freely."],
  ["GET", "/sessions", 200, "Where this user is logged in. The device is guessed from what its browser said at login, and shown in words of ours alone."],
  ["DELETE", "/sessions/", 200, "One session ended, and its access token with it: that device is refused from its next request on."],
  ["DELETE", "/sessions/", 404, "No live session of this user has that name. Somebody else's session gets the same answer."],
  ["GET", "/csrf", 200, "A double-submit token for the page: it stands in a cookie that scripts can read, and comes back in a header that no other site can send."],
  ["GET", "/jwks.json", 200, "The public keys: with these, an API in any language verifies access tokens without asking this server."],
  ["GET", "/", 200, "A page was opened. The refresh cookie stays at home here: its path reaches the login service and nothing else."],
  ["*", "", 403, "Refused before anything was looked at: the request came from another site, or without the double-submit token (CSRF)."],
  ["*", "", 401, "Not authenticated: no good access token came along."],
  ["*", "", 404, "There is nothing at this address."],
  ["*", "", 429, "Too many of these in a short time. Retry-After says how long to wait."],
  ["*", "", 503, "The server is busy or its store is away. Nothing was changed, and nobody is logged out by it."],
  ["OPTIONS", "", 200, "A browser asked beforehand whether another origin may send this request."],
];

/** `/` is the page alone, and `/sessions/` goes on with an id. */
function ends(path, end) {
  if (end === "/") return path === "/";
  return end.endsWith("/") ? path.slice(0, path.lastIndexOf("/") + 1).endsWith(end) : path.endsWith(end);
}

function explanationOf({ method, path, status }) {
  const bare = path === "/" ? path : path.replace(/\/$/, "");
  const fits = ([wanted, end, code]) =>
    (wanted === "*" || wanted === method) && ends(bare, end) && code === status;
  const found = SENTENCES.find(fits);
  if (found) return found[3];
  return status < 400 ? "An ordinary answer." : "Refused; the body of the answer says why.";
}

/** Builds an element. Text stays text: nothing that came over the wire is ever parsed as HTML. */
function element(name, attributes, ...content) {
  const built = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value) built.setAttribute(key, value);
  built.append(...content.filter(Boolean));
  return built;
}
