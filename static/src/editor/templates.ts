/** Where the placeholders of a template stand. What they mean is the server's matter (workflows/definition/syntax.py). */
export interface Placeholder {
  from: number;
  to: number;
  /** What is read: a path, or a literal. */
  path: string;
  filters: string[];
}

/** A placeholder that is being typed: its opener stands before the cursor. */
export interface OpenPlaceholder {
  from: number;
  /** Where it ends: behind its closer when the cursor stands within a closed one, else at the cursor. */
  to: number;
  isClosed: boolean;
  /** What has been typed since the opener. */
  query: string;
  /** Where the text after the last `|` begins, when a filter is being typed; else -1. */
  filterFrom: number;
}

const OPENERS: Record<string, string> = { "{{": "}}", "<<": ">>" };

export function placeholders(text: string): Placeholder[] {
  const found: Placeholder[] = [];
  let at = 0;
  while (at < text.length) {
    const opener = openerAt(text, at);
    if (!opener) {
      at++;
      continue;
    }
    const end = closerOf(text, at + 2, OPENERS[opener]!);
    if (end < 0) {
      at += 2;
      continue;
    }
    const [path = "", ...filters] = pipes(text.slice(at + 2, end)).map((part) => part.trim());
    if (path) found.push({ from: at, to: end + 2, path, filters });
    at = end + 2;
  }
  return found;
}

export function openPlaceholder(text: string, cursor: number): OpenPlaceholder | null {
  const closed = placeholders(text);
  const around = closed.find((chip) => chip.from + 2 <= cursor && cursor <= chip.to - 2);
  if (around) return typedIn(text, around.from, cursor, around.to);
  const start = closed.filter((chip) => chip.to <= cursor).at(-1)?.to ?? 0;
  for (let at = cursor - 2; at >= start; at--) {
    if (!openerAt(text, at)) continue;
    return text.slice(at, cursor).includes("\n") ? null : typedIn(text, at, cursor, -1);
  }
  return null;
}

function typedIn(text: string, from: number, cursor: number, end: number): OpenPlaceholder {
  const query = text.slice(from + 2, cursor);
  const parts = pipes(query);
  const filterFrom = parts.length > 1 ? cursor - parts.at(-1)!.length : -1;
  return { from, to: end < 0 ? cursor : end, isClosed: end >= 0, query, filterFrom };
}

/** A path as typed and as the server writes it differ in spaces and in the style of keys: trigger["a"] is trigger.a. */
export function samePath(one: string, other: string): boolean {
  return plainPath(one) === plainPath(other);
}

function plainPath(path: string): string {
  return path.replace(/\[\s*(?:"([^"]*)"|'([^']*)'|(\d+))\s*\]/g, (_, a, b, c) => `.${a ?? b ?? c}`).replace(/\s+/g, "");
}

function openerAt(text: string, at: number): string {
  const two = text.slice(at, at + 2);
  return two in OPENERS && text[at + 2] !== two[0] ? two : "";
}

function closerOf(text: string, from: number, closer: string): number {
  let quote = "";
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (quote) {
      if (character === "\\") at++;
      else if (character === quote) quote = "";
    } else if (text.startsWith(closer, at)) return at;
    else if (character === '"' || character === "'") quote = character;
    else if (openerAt(text, at) || character === "\n") return -1;
  }
  return -1;
}

/** The parts between `|` that stand outside quotes. */
function pipes(text: string): string[] {
  const parts: string[] = [];
  let quote = "";
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote) {
      if (character === "\\") at++;
      else if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "|") {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}
