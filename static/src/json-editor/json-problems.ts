/**
 * Finds the first thing that keeps a text from being a JSON object, in the words that the server uses too
 * (workflows/app_events/parsing.py). The browser's own parser says neither where nor what to do alike in all browsers.
 */
export interface JsonProblem {
  /** Offset into the text. */
  at: number;
  message: string;
}

export interface Bounds {
  characters: number;
  depth: number;
  /** What a refusal calls the text. */
  what: string;
}

export const EXAMPLE: Bounds = { characters: 200_000, depth: 32, what: "example" };
const VALUE_MISSING = "A value is missing here: text in double quotes, a number, true, false, null, { or [.";

class Refusal extends Error {
  constructor(readonly at: number, message: string) {
    super(message);
  }
}

export function findProblem(text: string, bounds: Bounds = EXAMPLE): JsonProblem | null {
  if (!text.trim()) return { at: 0, message: "The payload is empty. Write at least {}." };
  if (text.length > bounds.characters) {
    const most = bounds.characters.toLocaleString("en");
    return { at: bounds.characters, message: `The ${bounds.what} has more than ${most} characters. Shorten it.` };
  }
  try {
    new Reader(text, bounds.depth).object();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return { at: error.at, message: error.message };
    throw error;
  }
}

/** Line and column of an offset, both from 1. */
export function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

export function sentence(text: string, problem: JsonProblem): string {
  const { line, column } = placeOf(text, problem.at);
  return `Line ${line}, column ${column}: ${problem.message}`;
}

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string, private readonly mostDepth: number) {}

  object(): void {
    this.space();
    const start = this.at;
    const isObject = this.text[start] === "{";
    this.value();
    if (!isObject) throw new Refusal(start, "The payload must be an object: it starts with { and ends with }.");
    this.space();
    if (this.at < this.text.length) {
      throw new Refusal(this.at, "The object has ended before this. Remove what follows, or put it inside.");
    }
  }

  private value(): void {
    this.space();
    const character = this.text[this.at];
    if (character === "{") this.items("}", () => this.member());
    else if (character === "[") this.items("]", () => this.value());
    else if (character === '"') this.string();
    else if (character === "'") throw new Refusal(this.at, "JSON uses double quotes, not single ones.");
    else this.word();
  }

  private items(closer: string, item: () => void): void {
    if (++this.depth > this.mostDepth) {
      throw new Refusal(this.at, `The payload is nested more than ${this.mostDepth} levels deep.`);
    }
    this.at++;
    this.space();
    let comma = -1;
    while (this.text[this.at] !== closer || comma >= 0) {
      if (comma >= 0 && /[}\]]/.test(this.text[this.at] ?? "")) {
        throw new Refusal(comma, "Remove this comma: nothing follows it.");
      }
      item();
      this.space();
      comma = this.text[this.at] === "," ? this.at++ : -1;
      if (comma < 0 && this.text[this.at] !== closer) {
        throw new Refusal(this.at, "A comma is missing here, between two values, or a closing bracket.");
      }
      this.space();
    }
    this.at++;
    this.depth--;
  }

  private member(): void {
    if (this.text[this.at] === "'") throw new Refusal(this.at, "JSON uses double quotes, not single ones.");
    if (this.text[this.at] !== '"') throw new Refusal(this.at, "A name in double quotes is missing here.");
    this.string();
    this.space();
    if (this.text[this.at] !== ":") throw new Refusal(this.at, "A colon is missing here, between the name and its value.");
    this.at++;
    this.value();
  }

  private string(): void {
    const start = this.at++;
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) throw new Refusal(start, "This text is never closed. Write a double quote at its end.");
      if (character === '"') break;
      if (character < " ") {
        throw new Refusal(this.at, "A line break or tab can not stand within text. Write \\n or \\t.");
      }
      if (character === "\\") this.escape();
      else this.at++;
    }
    this.at++;
  }

  private escape(): void {
    const escape = this.text[this.at + 1] ?? "";
    if (escape === "u") {
      const unit = parseInt(/^[0-9a-fA-F]{4}/.exec(this.text.slice(this.at + 2, this.at + 6))?.[0] ?? "", 16);
      if (Number.isNaN(unit)) throw new Refusal(this.at + 1, "\\u must be followed by four hexadecimal digits.");
      const isHigh = unit >= 0xd800 && unit <= 0xdbff;
      const pair = isHigh && /^\\u[dD][c-fC-F][0-9a-fA-F]{2}/.test(this.text.slice(this.at + 6, this.at + 12));
      if (unit === 0 || (unit >= 0xd800 && unit <= 0xdfff && !pair)) {
        throw new Refusal(this.at, "This character can not be stored. Remove it.");
      }
      this.at += pair ? 12 : 6;
    } else if (escape && '"\\/bfnrt'.includes(escape)) this.at += 2;
    else throw new Refusal(this.at, 'A backslash must be followed by one of " \\ / b f n r t u.');
  }

  private word(): void {
    const start = this.at;
    const found = /^(?:-?Infinity|NaN|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(this.text.slice(start, start + 5_000));
    if (!found) throw new Refusal(start, VALUE_MISSING);
    const word = found[0];
    if (word === "NaN" || word.endsWith("Infinity")) {
      throw new Refusal(start, `JSON knows no ${word}. Write a number, or null.`);
    }
    if (/^-?\d{100,}$/.test(word) && word.length > 100) {
      throw new Refusal(start, "This number has more than 100 digits. Write it as text, in double quotes.");
    }
    if (/^[-\d]/.test(word) && !Number.isFinite(Number(word))) {
      throw new Refusal(start, "This number is too large. Write it as text, in double quotes.");
    }
    this.at += word.length;
  }

  private space(): void {
    while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at]!)) this.at++;
  }
}
