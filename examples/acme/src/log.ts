// The panel that shows what the SDK says.

type Tone = "call" | "event" | "error" | "state";

export function log(tone: Tone, title: string, detail?: unknown): void {
  const list = document.querySelector<HTMLElement>("[data-log]");
  if (!list) return;
  const entry = document.createElement("li");
  entry.dataset["tone"] = tone;
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString("en-GB");
  const what = document.createElement("strong");
  what.textContent = title;
  entry.append(time, what);
  if (detail !== undefined) {
    const text = document.createElement("pre");
    text.textContent = typeof detail === "string" ? detail : JSON.stringify(withoutToken(detail), null, 1);
    entry.append(text);
  }
  list.prepend(entry);
  while (list.children.length > 100) list.lastElementChild?.remove();
}

export function clearLog(): void {
  document.querySelector("[data-log]")?.replaceChildren();
}

/** The user's state holds the raw token, which belongs on no screen. */
function withoutToken(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === "token" ? "(hidden)" : inner))) as unknown;
}

/** What an error of the SDK says: its message is the JSON of the server's answer. */
export function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : ((error as { message?: string } | null)?.message ?? String(error));
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
