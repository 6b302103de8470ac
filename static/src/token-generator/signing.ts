/** Signs a user token with WebCrypto (RS256). The key stays in this page: nothing here makes a request. */
import { PemProblem, readPrivateKeyPem } from "./pem";

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

export interface LoadedKey {
  key: CryptoKey;
  /** SHA-256 of the DER public key in lower-case hex, as Settings > Signing keys shows it. */
  fingerprint: string;
}

export interface Claims {
  sub: string;
  iat: number;
  exp: number;
  [name: string]: unknown;
}

/** Raises PemProblem, which says what to do. */
export async function loadKey(pem: string): Promise<LoadedKey> {
  const der = readPrivateKeyPem(pem);
  if (!globalThis.crypto?.subtle) {
    throw new PemProblem("Browsers sign only on https:// pages and on localhost. Open Isthmus by one of these.");
  }
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("pkcs8", der, RS256, true, ["sign"]);
  } catch {
    throw new PemProblem("This is not an RSA private key, or it is damaged. Copy it again, with its first and last line.");
  }
  return { key, fingerprint: await fingerprintOf(key) };
}

async function fingerprintOf(key: CryptoKey): Promise<string> {
  const { n, e } = await crypto.subtle.exportKey("jwk", key);
  const half = await crypto.subtle.importKey("jwk", { kty: "RSA", alg: "RS256", n, e }, RS256, true, ["verify"]);
  const digest = await crypto.subtle.digest("SHA-256", await crypto.subtle.exportKey("spki", half));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function claimsFor(
  sub: string,
  validSeconds: number,
  extra: Record<string, string>,
  nowMs: number = Date.now(),
): Claims {
  const now = Math.floor(nowMs / 1000);
  const said = Object.entries(extra).filter(([, value]) => value.trim() !== "");
  return { sub, iat: now, exp: now + validSeconds, ...Object.fromEntries(said) };
}

export async function signToken(claims: Claims, key: CryptoKey): Promise<string> {
  const signed = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  const signature = await crypto.subtle.sign(RS256.name, key, new TextEncoder().encode(signed));
  return `${signed}.${base64Url(new Uint8Array(signature))}`;
}

function encode(value: unknown): string {
  return base64Url(new TextEncoder().encode(JSON.stringify(value)));
}

function base64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
