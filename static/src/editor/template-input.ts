/** One input that takes text and variables: CodeMirror with chips and the variable menu, of one line or several. */
import { completionStatus, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { Annotation, EditorState, type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder, tooltips } from "@codemirror/view";

import { icon } from "../components/icons";
import { chips, chipsChanged, type LookOf } from "./chips";
import { h } from "./dom";
import { openPlaceholder } from "./templates";
import { type MenuSource, openMenu, variableMenu } from "./variable-menu";

export interface TemplateInputOptions extends MenuSource {
  value: string;
  labelId: string;
  describedBy: string;
  multiline?: boolean;
  placeholder?: string;
  readOnly?: boolean;
  lookOf: LookOf;
  onChange(value: string): void;
  onLeave?(): void;
}

export interface TemplateInput {
  dom: HTMLElement;
  focus(): void;
  /** Show another value, as after an undo; says nothing to `onChange`. */
  setValue(value: string): void;
  /** Draw the chips anew: names or problems have changed. */
  refresh(isInvalid: boolean): void;
  /** Whether a placeholder is half typed at the cursor: it is not wrong yet. */
  isTyping(): boolean;
  destroy(): void;
}

const fromOutside = Annotation.define<boolean>();

export function templateInput(options: TemplateInputOptions): TemplateInput {
  const readOnly = options.readOnly ?? false;
  const view = new EditorView({
    state: EditorState.create({
      doc: options.value,
      extensions: [
        chips(options.lookOf),
        readOnly ? [] : variableMenu(options),
        options.multiline ? [] : oneLine,
        history(),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        EditorView.lineWrapping,
        placeholder(options.placeholder ?? ""),
        tooltips({ parent: document.body, position: "fixed" }),
        EditorState.readOnly.of(readOnly),
        EditorView.editable.of(!readOnly),
        EditorView.contentAttributes.of({
          "aria-labelledby": options.labelId,
          "aria-describedby": options.describedBy,
          "aria-multiline": String(Boolean(options.multiline)),
          ...(readOnly ? { tabindex: "0", "aria-readonly": "true" } : {}),
        }),
        EditorView.domEventHandlers({
          mousedown(_, at) {
            // A picklist with nothing in it yet opens as a select would.
            if (readOnly || !options.choices.length || at.state.doc.length > 0) return;
            window.setTimeout(() => at.dom.isConnected && startCompletion(at));
          },
          blur() {
            window.setTimeout(() => view.dom.isConnected && options.onLeave?.());
          },
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((it) => it.annotation(fromOutside))) {
            options.onChange(update.state.doc.toString());
          }
        }),
      ],
    }),
  });
  const dom = h("div", { class: `template-input${options.multiline ? " template-input-tall" : ""}${readOnly ? " is-readonly" : ""}` }, view.dom);
  if (!readOnly && options.choices.length) dom.append(choicesButton(view));
  if (!readOnly && options.takesVariables) dom.append(menuButton(view));
  return {
    dom,
    focus: () => view.focus(),
    setValue(value) {
      if (value === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value }, annotations: fromOutside.of(true) });
    },
    refresh(isInvalid) {
      dom.classList.toggle("is-invalid", isInvalid);
      view.contentDOM.setAttribute("aria-invalid", String(isInvalid));
      view.dispatch({ effects: chipsChanged.of(null) });
    },
    isTyping: () => view.hasFocus && openPlaceholder(view.state.doc.toString(), view.state.selection.main.head)?.isClosed === false,
    destroy: () => view.destroy(),
  };
}

/** Line breaks become spaces, also when pasted; Enter is left to whoever holds the input. */
const oneLine: Extension = [
  EditorState.transactionFilter.of((transaction) => {
    if (!transaction.docChanged || transaction.newDoc.lines === 1) return transaction;
    const text = transaction.newDoc.toString();
    const flat = text.replace(/\s+/g, (space) => (space.includes("\n") ? " " : space));
    return {
      changes: { from: 0, to: transaction.startState.doc.length, insert: flat },
      selection: { anchor: Math.min(transaction.newSelection.main.head, flat.length) },
    };
  }),
  Prec.low(keymap.of([{ key: "Enter", run: () => true }])),
];

function menuButton(view: EditorView): HTMLButtonElement {
  return h("button", {
    type: "button", class: "template-button", title: "Insert a variable", "aria-label": "Insert a variable",
    onmousedown: (event: MouseEvent) => event.preventDefault(),
    onclick: () => openMenu(view),
  }, "{{ }}");
}

function choicesButton(view: EditorView): HTMLButtonElement {
  return h("button", {
    type: "button", class: "template-button", "aria-label": "Show the values", title: "Show the values", tabindex: -1,
    onmousedown: (event: MouseEvent) => event.preventDefault(),
    onclick: () => {
      view.focus();
      if (completionStatus(view.state) !== "active") startCompletion(view);
    },
  }, icon("chevron-down"));
}
