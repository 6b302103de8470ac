/** `<pre data-json-view>`: colours JSON and folds what is long (`data-json-lines="16"`) behind a button. */
const TOKEN = /("(?:\\.|[^"\\])*(?:"|\\?$))(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;
const FOLDED_LINES = 16;
const COLOURED_CHARACTERS = 200_000;

export function colourJson(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    fragment.append(text.slice(at, match.index));
    const [whole, string, colon, word, number] = match;
    if (string !== undefined && colon !== undefined) fragment.append(span("json-key", string), colon);
    else if (string !== undefined) fragment.append(span("json-string", string));
    else if (word !== undefined) fragment.append(span("json-word", word));
    else if (number !== undefined) fragment.append(span("json-number", number));
    at = match.index + whole.length;
  }
  fragment.append(text.slice(at));
  return fragment;
}

function span(className: string, text: string): HTMLSpanElement {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

export function startJsonViews(root: ParentNode = document): void {
  for (const pre of root.querySelectorAll<HTMLElement>("[data-json-view]:not([data-json-ready])")) {
    pre.dataset.jsonReady = "";
    const text = pre.textContent ?? "";
    if (text.length <= COLOURED_CHARACTERS) pre.replaceChildren(colourJson(text));
    const lines = text.split("\n").length;
    const folded = Number(pre.dataset.jsonLines ?? FOLDED_LINES);
    if (lines > folded + 4) fold(pre, folded, lines);
  }
}

function fold(pre: HTMLElement, folded: number, lines: number): void {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm btn-ghost-secondary json-more";
  const set = (open: boolean) => {
    pre.style.setProperty("--lines", String(folded));
    pre.classList.toggle("json-folded", !open);
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Show less" : `Show all ${lines} lines`;
  };
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  set(false);
  pre.after(button);
}
