// What went wrong, in words. The SDK hands errors on in three shapes: an Error whose message is the server's JSON, the
// whole message of the log-in's callback page, and an Error with plain words of its own.

export interface Explanation {
  title: string;
  text: string;
}

interface Body {
  message?: unknown;
  code?: unknown;
}

const TITLES: Record<string, string> = {
  access_denied: "Nothing was connected",
  state_expired: "The log-in took too long",
  code_expired: "The log-in took too long",
  other_org: "That is another account",
  wrong_client: "The connection is not set up correctly",
  redirect_mismatch: "The connection is not set up correctly",
  integration_incomplete: "The connection is not set up yet",
  setting_missing: "Something has to be filled in first",
};
const BLOCKED: Explanation = {
  title: "Your browser blocked the window",
  text: "Allow pop-ups for this page (a sign in the address bar shows how), then press Connect again.",
};
const UNREACHABLE: Explanation = {
  title: "The server did not answer",
  text: "Check your network connection, then try again.",
};
const UNKNOWN: Explanation = { title: "That did not work", text: "Try again. If it happens again, tell the people who run this app." };

export function explain(error: unknown): Explanation | null {
  if (error === null || error === undefined || error === "") return null;
  if (typeof error === "string") return ofText(error);
  if (typeof error !== "object") return UNKNOWN;
  const { errorResponse, message } = error as { errorResponse?: Body; message?: unknown };
  if (errorResponse) return ofBody(errorResponse);
  return typeof message === "string" && message ? ofText(message) : UNKNOWN;
}

function ofText(text: string): Explanation {
  if (/popup was blocked/i.test(text)) return BLOCKED;
  if (/failed to fetch|networkerror|load failed/i.test(text)) return UNREACHABLE;
  const body = asJson(text);
  return body ? ofBody(body) : { title: UNKNOWN.title, text };
}

function ofBody(body: Body): Explanation {
  const title = TITLES[String(body.code)] ?? UNKNOWN.title;
  return { title, text: typeof body.message === "string" && body.message ? body.message : UNKNOWN.text };
}

function asJson(text: string): Body | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Body) : null;
  } catch {
    return null;
  }
}
