// @vitest-environment node
import { describe, expect, it } from "vitest";
import { PemProblem, readPrivateKeyPem } from "./pem";
import { claimsFor, loadKey, signToken } from "./signing";

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
const ours = await crypto.subtle.generateKey(RS256, true, ["sign", "verify"]);
const theirs = await crypto.subtle.generateKey(RS256, true, ["sign", "verify"]);
const curve = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const PKCS8 = await pem(ours.privateKey, "pkcs8", "PRIVATE KEY");
const PUBLIC = await pem(ours.publicKey, "spki", "PUBLIC KEY");
const ELLIPTIC = await pem(curve.privateKey, "pkcs8", "PRIVATE KEY");

async function pem(key: CryptoKey, format: "pkcs8" | "spki", label: string): Promise<string> {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.exportKey(format, key))));
  return `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`;
}

function bytes(base64Url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64Url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function decode(part: string): unknown {
  return JSON.parse(new TextDecoder().decode(bytes(part)));
}

async function problemOf(text: string): Promise<PemProblem> {
  return loadKey(text).then(
    () => expect.fail("the key was accepted"),
    (problem: PemProblem) => {
      expect(problem).toBeInstanceOf(PemProblem);
      return problem;
    },
  );
}

describe("a signed token", () => {
  it("verifies with the public half, and with no other", async () => {
    const { key } = await loadKey(PKCS8);

    const token = await signToken(claimsFor("user-1", 3600, {}), key);

    const [head, body, signature] = token.split(".") as [string, string, string];
    const check = (by: CryptoKey) =>
      crypto.subtle.verify(RS256.name, by, bytes(signature), new TextEncoder().encode(`${head}.${body}`));
    expect(await check(ours.publicKey)).toBe(true);
    expect(await check(theirs.publicKey)).toBe(false);
    expect(decode(head)).toEqual({ alg: "RS256", typ: "JWT" });
  });

  it("says what was asked, in seconds, and leaves out what is empty", async () => {
    const { key } = await loadKey(PKCS8);

    const token = await signToken(claimsFor("Zoë 💡", 900, { name: "Bo Lind", email: " " }, 1_800_000_000_999), key);

    expect(decode(token.split(".")[1] ?? "")).toEqual({
      sub: "Zoë 💡",
      iat: 1_800_000_000,
      exp: 1_800_000_900,
      name: "Bo Lind",
    });
  });

  it("holds no character that a URL would need to escape", async () => {
    const { key } = await loadKey(PKCS8);

    expect(await signToken(claimsFor("user>>??", 60, {}), key)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });
});

describe("a key", () => {
  it("has the fingerprint that the server shows: SHA-256 of the DER public key", async () => {
    const der = await crypto.subtle.exportKey("spki", ours.publicKey);
    const digest = [...new Uint8Array(await crypto.subtle.digest("SHA-256", der))];

    const { fingerprint } = await loadKey(PKCS8);

    expect(fingerprint).toBe(digest.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  });

  it("may come with text around it, Windows line ends, or escaped line ends from an environment variable", async () => {
    const around = `Bag Attributes\r\n${PKCS8.replaceAll("\n", "\r\n")}\r\n`;
    const escaped = PKCS8.replaceAll("\n", "\\n");

    for (const text of [around, escaped]) expect(readPrivateKeyPem(text)).toEqual(readPrivateKeyPem(PKCS8));
  });

  it("in PKCS#1 form is refused with the command that turns it into PKCS#8", async () => {
    const problem = await problemOf(PKCS8.replaceAll("PRIVATE KEY", "RSA PRIVATE KEY"));

    expect(problem.message).toContain("PKCS#1");
    expect(problem.command).toContain("openssl pkcs8 -topk8 -nocrypt");
  });

  it.each([
    ["nothing", "", /Paste/],
    ["no PEM", "hello", /no PEM/],
    ["the public half", PUBLIC, /public half/],
    ["a key cut off at the end", PKCS8.slice(0, 400), /end of the key/],
    ["a damaged key", PKCS8.replace(/\n[A-Za-z0-9+/]{64}\n/, "\n!!!!\n"), /Base64/],
    ["a shortened key", PKCS8.replace(/\n[A-Za-z0-9+/]{64}\n/, "\n"), /not an RSA private key/],
    ["an elliptic-curve key", ELLIPTIC, /not an RSA/],
    ["a key with a passphrase", PKCS8.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), /passphrase/],
  ])("that is %s is refused with the reason", async (_what, text, reason) => {
    expect((await problemOf(text)).message).toMatch(reason);
  });
});
