/** Talking to the server: JSON there and back, and errors by what can be done about them. */
export class ServerError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
  }

  /** Trying the same again later may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 401 || this.status === 429 || this.status >= 500;
  }
}

export async function getJson<T>(url: string): Promise<T> {
  return call<T>(url, { method: "GET" });
}

export async function postJson<T>(url: string, body: unknown, keepalive = false): Promise<T> {
  return call<T>(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    keepalive,
  });
}

async function call<T>(url: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, credentials: "same-origin" });
  } catch {
    throw new ServerError(0, "offline", "Isthmus does not answer. Check your connection.");
  }
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json") ?? false;
  if (response.redirected && !isJson) throw new ServerError(401, "logged_out", "You are logged out. Log in again in another tab.");
  const body = (isJson ? await response.json() : {}) as Record<string, unknown>;
  if (response.ok && isJson) return body as T;
  const error = (body.error ?? {}) as { code?: string; message?: string };
  throw new ServerError(response.status, error.code ?? "error", error.message ?? plainWords(response.status), body);
}

function plainWords(status: number): string {
  if (status === 403) return "You may not change this. If you were away for long, reload the page.";
  if (status === 404) return "That is not there any more. Reload the page.";
  return `The server could not do that (${status}).`;
}

function csrfToken(): string {
  const headers = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>;
  return headers["x-csrftoken"] ?? "";
}
