/**
 * A JSON object in CodeMirror, over the textarea that carries it in its form (templates/partials/json_editor.html).
 * What is wrong is underlined and said below, naming line and column; a form with a mistake is not sent.
 */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, indentOnInput } from "@codemirror/language";
import { linter, lintGutter, type Diagnostic } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";

import { editorTheme, jsonHighlighting } from "./codemirror-theme";
import { EXAMPLE, findProblem, sentence, type Bounds } from "./json-problems";

export interface JsonEditor {
  view: EditorView;
  /** Shows what is wrong below the editor and gives it, null when the text is a JSON object. */
  problem(): string | null;
}

function boundsOf(root: HTMLElement): Bounds {
  const { maxCharacters, maxDepth, what } = root.dataset;
  return maxCharacters ? { characters: Number(maxCharacters), depth: Number(maxDepth), what: what ?? "" } : EXAMPLE;
}

function diagnose(view: EditorView, bounds: Bounds): Diagnostic[] {
  const text = view.state.doc.toString();
  const problem = findProblem(text, bounds);
  if (!problem) return [];
  const from = Math.min(problem.at, Math.max(text.length - 1, 0));
  return [{ from, to: Math.min(from + 1, text.length), severity: "error", message: problem.message }];
}

export function mountJsonEditor(root: HTMLElement): JsonEditor | null {
  const area = root.querySelector("textarea");
  const note = root.querySelector<HTMLElement>("[data-json-problem]");
  if (!area || !note) return null;
  const label = root.querySelector<HTMLLabelElement>("label");
  if (label && !label.id) label.id = `${area.id}-label`;
  const readOnly = "readonly" in root.dataset;
  const bounds = boundsOf(root);

  const say = (): string | null => {
    const text = view.state.doc.toString();
    const problem = findProblem(text, bounds);
    const words = problem ? sentence(text, problem) : "";
    if (note.textContent !== words) note.textContent = words;
    root.classList.toggle("is-invalid", Boolean(problem));
    view.contentDOM.setAttribute("aria-invalid", String(Boolean(problem)));
    return problem ? words : null;
  };
  const view = new EditorView({
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
        highlightActiveLine(), lintGutter(), linter((view) => diagnose(view, bounds), { delay: 250 }), json(), jsonHighlighting, editorTheme,
        EditorView.lineWrapping, EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({
          "aria-labelledby": label?.id ?? "",
          "aria-describedby": `${note.id} ${area.id}-keys`,
        }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          area.dispatchEvent(new Event("input", { bubbles: true }));
          say();
        }),
      ],
    }),
  });
  const keys = document.createElement("span"); // Tab indents here, so people need a way out by keyboard
  keys.id = `${area.id}-keys`;
  keys.className = "visually-hidden";
  keys.textContent = "Press Escape, then Tab, to leave the editor.";
  area.classList.add("visually-hidden");
  area.tabIndex = -1;
  area.setAttribute("aria-hidden", "true");
  area.after(view.dom, keys);
  label?.addEventListener("click", (event) => {
    event.preventDefault();
    view.focus();
  });
  const said = note.dataset.line; // the server's verdict: show it, and put the cursor there
  if (said) {
    say();
    const line = view.state.doc.line(Math.min(Number(said), view.state.doc.lines));
    const at = Math.min(line.from + Number(note.dataset.column) - 1, line.to);
    view.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    view.focus();
  }
  area.form?.addEventListener("submit", (event) => {
    if (!say()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const at = findProblem(view.state.doc.toString(), bounds)?.at ?? 0;
    view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) }, scrollIntoView: true });
    view.focus();
  }, true);
  return { view, problem: say };
}

export function startJsonEditors(root: ParentNode = document): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-json-editor]:not([data-ready])")) {
    element.dataset.ready = "";
    mountJsonEditor(element);
  }
}
