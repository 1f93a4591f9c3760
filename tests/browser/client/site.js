// The examples as a developer has them: pages on one port, Hardtack on another, and between them a network that can
// be told to misbehave.

import { readFile } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { extname, join, normalize, resolve } from "node:path";
import { startHardtack } from "../hardtack.js";

const ROOT = resolve(import.meta.dirname, "../../..");
/** What the examples are built with; it becomes the proxy's address when they are served. */
const BUILT_WITH = "http://api.invalid";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
/** A page with the client alone, as `window.hardtack`; `window.options` may add to what it is made with. */
const BARE = `<!doctype html><title>bare</title><script type="module">
  import { createHardtack } from "/hardtack/index.js";
  window.hardtack = createHardtack({ baseUrl: "${BUILT_WITH}/api/auth", timeout: 500, ...window.options });
</script>`;

/** Lifetimes scaled down together with the client's limit of 500 ms. */
export const SCALED = {
  "tokens.access_lifetime": "6s",
  "session.rotation_window": "2s",
  "rate_limit.login_per_user": "100",
};

/** Serves `examples/<app>/dist` and starts a server of its own for it. */
export async function startSite(app, settings = SCALED) {
  const pages = await listen(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://any.test");
    try {
      const body = await fileOf(app, pathname);
      const type = TYPES[extname(pathname)] ?? "text/html";
      response.setHeader("Content-Type", type).end(body.replaceAll(BUILT_WITH, proxy.origin));
    } catch {
      response.writeHead(404).end();
    }
  });
  const hardtack = await startHardtack({ "cors.allowed_origins": pages.origin, ...settings });
  const proxy = await startProxy(hardtack.url);
  return {
    hardtack,
    proxy,
    url: `${pages.origin}/`,
    bare: `${pages.origin}/bare.html`,
    async stop() {
      await proxy.stop();
      await pages.stop();
      await hardtack.stop();
    },
  };
}

async function fileOf(app, pathname) {
  if (pathname === "/bare.html") return BARE;
  const inPackage = pathname.startsWith("/hardtack/");
  const folder = inPackage ? join(ROOT, "clients/typescript/dist") : join(ROOT, "examples", app, "dist");
  const path = inPackage ? pathname.slice("/hardtack".length) : pathname;
  return readFile(join(folder, normalize(path === "/" ? "/index.html" : path)), "utf8");
}

/**
 * Forwards everything to `target`. `lose` is the share of answers that are thrown away: half of them with the
 * connection, the others without a word. While `holds(path)` is true, answers wait.
 */
async function startProxy(target) {
  const random = seeded(1);
  const held = [];
  const proxy = {
    lose: 0,
    holds: () => false,
    /** Every refresh that reached the server: when, its status, the generation it gave, whether the answer was lost. */
    refreshes: [],
    release() {
      proxy.holds = () => false;
      for (const go of held.splice(0)) go();
    },
  };
  const server = await listen((request, response) => {
    const upstream = httpRequest(target + request.url, { method: request.method, headers: request.headers }, async (answer) => {
      const body = Buffer.concat(await answer.toArray());
      const lost = random() < proxy.lose;
      const isRefresh = request.method === "POST" && request.url.endsWith("/token/refresh/");
      if (isRefresh) proxy.refreshes.push({ at: Date.now(), status: answer.statusCode, generation: given(answer), lost });
      if (lost) return random() < 0.5 ? request.socket.destroy() : undefined;
      if (proxy.holds(request.url)) await new Promise((go) => held.push(go));
      response.writeHead(answer.statusCode, answer.rawHeaders).end(body);
    });
    upstream.on("error", () => request.socket.destroy());
    request.pipe(upstream);
  });
  return Object.assign(proxy, { origin: server.origin, stop: server.stop });
}

/** The generation in the refresh cookie that an answer sets: `v1.session.generation.branch.tag`. */
function given({ headers }) {
  const line = headers["set-cookie"]?.find((line) => line.startsWith("refresh="));
  return line && Number(line.split(".")[2]);
}

async function listen(answer) {
  const server = createServer(answer);
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The same losses in every run (mulberry32). */
function seeded(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
