// What is published: its size, its files, its types.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";

const root = new URL("..", import.meta.url).pathname;
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
  exports: Record<string, { types: string; default: string }>;
  dependencies?: object;
};

beforeAll(() => {
  rmSync(`${root}/dist`, { recursive: true, force: true });
  run("npx", "tsc", "-p", "tsconfig.build.json");
}, 120_000);

describe("size, minified and gzipped, in bytes", () => {
  // The frameworks are the application's own. An entry may name the core's types and none of its code.
  const limits = { index: 3_000, react: 450, vue: 350, axios: 500, ssr: 1_250 };
  test.each(Object.entries(limits))("%s is at most %i", async (entry, limit) => {
    const { outputFiles } = await build({
      entryPoints: [`${root}/dist/${entry}.js`],
      bundle: true, minify: true, format: "esm", target: "es2022", write: false, external: ["react", "vue", "axios"],
    });
    const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
    console.log(`${entry}: ${size} of ${limit} bytes`);
    expect(size).toBeLessThanOrEqual(limit);
  });
});

test("the package holds what its exports name, the licences and the readme, and nothing else", () => {
  const [{ files }] = JSON.parse(run("npm", "pack", "--dry-run", "--json")) as [{ files: { path: string }[] }];
  const modules = readdirSync(`${root}/src`).map((file) => file.replace(".ts", ""));
  expect(files.map(({ path }) => path).toSorted()).toEqual([
    "LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json",
    ...modules.flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`]),
  ].toSorted());
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (entry === "./package.json") continue;
    for (const path of Object.values(target)) expect(files.map((file) => `./${file.path}`)).toContain(path);
  }
});

test("nothing is needed at run time, and nothing is exported by default", () => {
  expect(manifest.dependencies).toBeUndefined();
  for (const file of readdirSync(`${root}/src`)) {
    const source = readFileSync(`${root}/src/${file}`, "utf8");
    expect(source, file).not.toMatch(/export default|\bany\b(?=[;,)\]>])|localStorage\.|sessionStorage/);
  }
});

test("the wire types are those of openapi.json", () => {
  const written = run("npx", "openapi-typescript", "../../crates/hardtack/openapi.json", "--default-non-nullable", "false");
  expect(readFileSync(`${root}/src/wire.ts`, "utf8").trim(), "write them anew with `npm run wire`").toBe(written.trim());
});
