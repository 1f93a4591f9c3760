// A certificate authority of one test's own, and a certificate of it for the hosts of the tests.

import { spawnSync } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const HOSTS = ["*.hardtack.test", "*.elsewhere.test", "*.third.test"];
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/**
 * Writes `cert.pem` (the chain) and `key.pem` into `folder`.
 *
 * `authority` is the fingerprint of the authority's key, for Chromium to trust.
 */
export async function makeCertificate(folder) {
  const file = (name) => join(folder, name);
  openssl("req", "-x509", ...NEW_KEY, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-days", "7",
    "-subj", "/CN=Hardtack tests", "-addext", "keyUsage=critical,keyCertSign");
  openssl("req", ...NEW_KEY, "-keyout", file("key.pem"), "-out", file("leaf.csr"), "-subj", "/CN=hardtack.test");
  const names = HOSTS.map((host) => `DNS:${host}`).join(",");
  await writeFile(file("leaf.ext"), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
  openssl("x509", "-req", "-in", file("leaf.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial",
    "-out", file("leaf.pem"), "-days", "7", "-extfile", file("leaf.ext"));

  const [leaf, ca] = await Promise.all([readFile(file("leaf.pem"), "utf8"), readFile(file("ca.pem"), "utf8")]);
  await writeFile(file("cert.pem"), leaf + ca);
  const key = new X509Certificate(ca).publicKey.export({ type: "spki", format: "der" });
  return {
    cert: file("cert.pem"),
    key: file("key.pem"),
    authority: createHash("sha256").update(key).digest("base64"),
  };
}

function openssl(...args) {
  const done = spawnSync("openssl", args, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`openssl ${args.join(" ")}: ${done.error ?? done.stderr}`);
}
