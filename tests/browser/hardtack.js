// Starts the binary as a person would, and reads from its output where it listens and how to log in.

import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const BINARY = resolve(process.env.HARDTACK_BIN ?? join(import.meta.dirname, "../../target/release/hardtack"));
export const PATIENCE = 20_000;

/**
 * A server of its own: fresh data, a free port, `--dev`.
 *
 * `settings` are configuration keys, as in `{ "tokens.access_lifetime": "6s" }`.
 */
export async function startHardtack(settings = {}) {
  const data = await mkdtemp(join(tmpdir(), "hardtack-browser-"));
  const serve = ["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", join(data, "data")];
  // Its folder is empty: no hardtack.toml of the person who runs the tests has a say.
  const server = spawn(BINARY, serve, { cwd: data, env: environment(settings), stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const ended = new Promise((done) => server.once("close", done));

  const said = await new Promise((resolve, reject) => {
    const give = (why) => {
      server.kill("SIGKILL");
      reject(new Error(`${why}\n${BINARY} ${serve.join(" ")}\n${output}`));
    };
    const late = setTimeout(() => give(`nothing to log in with after ${PATIENCE} ms`), PATIENCE);
    const read = (chunk) => {
      output += chunk;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      const password = /\bdemo\b.*\bpassword: (\S+)\s/.exec(output)?.[1];
      if (!url || !password) return;
      clearTimeout(late);
      resolve({ url, password });
    };
    server.stdout.setEncoding("utf8").on("data", read);
    server.stderr.setEncoding("utf8").on("data", read);
    server.once("error", (error) => give(error.message));
    server.once("close", (code) => give(`the server ended with ${code}`));
  });

  return {
    ...said,
    /** What the server wrote so far. */
    output: () => output,
    /** Runs another `hardtack` command on the same data, with `input` as its standard input. */
    command(args, input = "") {
      const done = spawnSync(BINARY, [...args, "--data-dir", join(data, "data")], {
        cwd: data, env: environment(settings), input, encoding: "utf8",
      });
      if (done.status !== 0) throw new Error(`hardtack ${args.join(" ")}: ${done.stderr}`);
      return done.stdout;
    },
    /** The server's own list of its last requests, the newest first. */
    async requests() {
      const answer = await fetch(`${said.url}/dev/requests`);
      return (await answer.json()).requests;
    },
    async stop() {
      server.kill("SIGTERM");
      await ended;
      await rm(data, { recursive: true });
    },
  };
}

/** Ours without settings of the person who runs the tests, plus `settings` as variables. */
export function environment(settings) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("HARDTACK"));
  const ours = Object.entries(settings).map(([key, value]) => [
    `HARDTACK__${key.toUpperCase().replaceAll(".", "__")}`, value,
  ]);
  return { ...Object.fromEntries(inherited), NO_COLOR: "1", ...Object.fromEntries(ours) };
}
