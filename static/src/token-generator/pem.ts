/** Reads the private key that a builder pastes. What it is not, it says, with the command that mends it. */
export class PemProblem extends Error {
  constructor(
    message: string,
    readonly command = "",
  ) {
    super(message);
  }
}

const TO_PKCS8 = "openssl pkcs8 -topk8 -nocrypt -in key.pem -out key-pkcs8.pem";

/** The DER bytes of a PKCS#8 PEM. Raises PemProblem. */
export function readPrivateKeyPem(text: string): Uint8Array<ArrayBuffer> {
  const trimmed = text.trim();
  if (!trimmed) throw new PemProblem("Paste the private key, or open its .pem file.");
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(trimmed)?.[1];
  switch (label) {
    case "PRIVATE KEY":
      return bodyOf(trimmed, label);
    case "RSA PRIVATE KEY":
      throw new PemProblem("This key is in the older PKCS#1 form. Turn it into PKCS#8:", TO_PKCS8);
    case "ENCRYPTED PRIVATE KEY":
      throw new PemProblem("This key is protected by a passphrase. Make a copy without one:", TO_PKCS8);
    case "EC PRIVATE KEY":
      throw new PemProblem("This is an elliptic-curve key. Tokens are signed with the RSA key from Settings > Signing keys.");
    case "PUBLIC KEY":
    case "RSA PUBLIC KEY":
    case "CERTIFICATE":
      throw new PemProblem("This is the public half, which can not sign. Use the private key that was shown when the key was generated.");
    case undefined:
      throw new PemProblem("This is no PEM. It begins with -----BEGIN PRIVATE KEY-----.");
    default:
      throw new PemProblem(`This is a PEM of “${label}”, not a private key.`);
  }
}

function bodyOf(text: string, label: string): Uint8Array<ArrayBuffer> {
  const start = text.indexOf(`-----BEGIN ${label}-----`) + `-----BEGIN ${label}-----`.length;
  const end = text.indexOf(`-----END ${label}-----`, start);
  if (end < 0) throw new PemProblem("The end of the key is missing: -----END PRIVATE KEY-----. Copy all of it.");
  try {
    return Uint8Array.from(atob(text.slice(start, end).replace(/\\n|\s/g, "")), (character) => character.charCodeAt(0));
  } catch {
    throw new PemProblem("The key is damaged: what stands between BEGIN and END is not Base64. Copy it again.");
  }
}
