// The binary as in production: TLS of its own, a public name, no `--dev`. Beside it a web server with pages
// for every host of the tests, on the same certificate, that remembers which cookies a browser sent where.

import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "./certificate.js";
import { BINARY, PATIENCE, environment } from "./hardtack.js";

const PASSWORD = "a biscuit that keeps for years";

/** Everything under one certificate. `stop` ends and removes all of it. */
export async function startSecured() {
  const folder = await mkdtemp(join(tmpdir(), "hardtack-secured-"));
  const certificate = await makeCertificate(folder);
  const pages = await startPages(certificate);
  const port = await freePort();
  const base = {
    "server.listen": `127.0.0.1:${port}`,
    "server.public_url": `https://app.hardtack.test:${port}`,
    "server.tls_cert": certificate.cert,
    "server.tls_key": certificate.key,
    "cors.allowed_origins": pages.origin("app.hardtack.test"),
    "rate_limit.login_per_user": "100",
    "rate_limit.login_per_address": "1000",
  };
  let server;
  const stop = async () => {
    server?.process.kill("SIGTERM");
    await server?.ended;
    server = undefined;
  };
  return {
    authority: certificate.authority,
    pages,
    url: base["server.public_url"],
    /** Starts the server, or starts it again on the same data, with these settings besides. */
    async serve(settings = {}) {
      await stop();
      const values = { ...base, ...settings };
      addUser(folder, values);
      server = startServer(folder, values);
      await server.ready;
    },
    async stop() {
      await stop();
      await pages.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** What a page needs to log in. */
export const CREDENTIALS = { username: "demo", password: PASSWORD };

function addUser(folder, settings) {
  const options = { cwd: folder, env: environment(settings), encoding: "utf8" };
  const added = spawnSync(BINARY, ["user", "add", "demo", "--password-stdin"], { ...options, input: PASSWORD });
  if (added.status !== 0 && !/already|taken/i.test(added.stderr)) throw new Error(added.stderr);
}

function startServer(folder, settings) {
  const process = spawn(BINARY, ["serve", "--json"], {
    cwd: folder, env: environment(settings), stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ready = new Promise((resolve, reject) => {
    const give = (why) => {
      process.kill("SIGKILL");
      reject(new Error(`${why}\n${output}`));
    };
    const late = setTimeout(() => give(`not listening after ${PATIENCE} ms`), PATIENCE);
    process.stdout.setEncoding("utf8").on("data", (chunk) => {
      output += chunk;
      if (!output.includes('"listening"')) return;
      clearTimeout(late);
      resolve();
    });
    process.stderr.setEncoding("utf8").on("data", (chunk) => (output += chunk));
    process.once("error", (error) => give(error.message));
    process.once("close", (code) => give(`the server ended with ${code}`));
  });
  return { process, ready, ended: new Promise((done) => process.once("close", done)) };
}

/** Pages over TLS, and over plain HTTP for who is on the way. `?frame=URL` puts one into a frame. */
async function startPages({ cert, key }) {
  const seen = [];
  const answer = (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "https://any.test");
    seen.push({ host: request.headers.host.split(":")[0], path: pathname, cookie: request.headers.cookie ?? "" });
    const frame = searchParams.get("frame");
    const body = frame ? `<iframe src="${frame}"></iframe>` : "";
    response.setHeader("Content-Type", "text/html").end(`<!doctype html><title>page</title>${body}`);
  };
  const secure = createServer({ cert: await readFile(cert), key: await readFile(key) }, answer);
  const plain = createPlainServer(answer);
  for (const server of [secure, plain]) {
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  }
  return {
    origin: (host) => `https://${host}:${secure.address().port}`,
    plainOrigin: (host) => `http://${host}:${plain.address().port}`,
    /** Names of the cookies that came with the last request for `path` of `host`. */
    sent(host, path) {
      const last = seen.findLast((request) => request.host === host && request.path === path);
      if (!last) throw new Error(`nobody asked ${host} for ${path}`);
      return last.cookie.split("; ").filter(Boolean).map((pair) => pair.split("=")[0]).toSorted();
    },
    async stop() {
      for (const server of [secure, plain]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** A port that stays the same over restarts, as the issuer of the tokens does. */
async function freePort() {
  const probe = createPlainServer();
  await new Promise((listening) => probe.listen(0, "127.0.0.1", listening));
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}
