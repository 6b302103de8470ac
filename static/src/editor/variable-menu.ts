/** The menu that `{{` and `<<` open: variables in their groups, filters after `|`, and a picklist's own values. */
import {
  acceptCompletion, autocompletion, type Completion, type CompletionContext, type CompletionResult, startCompletion,
} from "@codemirror/autocomplete";
import { type Extension, Prec } from "@codemirror/state";
import { type EditorView, keymap } from "@codemirror/view";

import { openPlaceholder, placeholders } from "./templates";
import type { VariableGroup } from "./types";
import { filterVariables } from "./variables";

export interface MenuSource {
  variables(): VariableGroup[];
  filters: string[];
  choices: [value: string, label: string][];
  takesVariables: boolean;
}

interface MenuItem extends Completion {
  sample?: string;
}

const MAX_SHOWN = 200;

export function variableMenu(source: MenuSource): Extension {
  return [
    autocompletion({
      override: [(context) => complete(context, source)],
      activateOnTyping: true,
      icons: false,
      maxRenderedOptions: MAX_SHOWN,
      tooltipClass: () => "variable-menu",
      addToOptions: [{ position: 90, render: (item: MenuItem) => sampleOf(item) }],
    }),
    Prec.highest(keymap.of([{ key: "Tab", run: acceptCompletion }])),
  ];
}

/** What the "{{ }}" button does: open a placeholder at the cursor, and its menu. */
export function openMenu(view: EditorView): void {
  view.focus();
  const { head } = view.state.selection.main;
  if (!openPlaceholder(view.state.doc.toString(), head)) {
    const { from, to } = view.state.selection.main;
    view.dispatch({ changes: { from, to, insert: "{{" }, selection: { anchor: from + 2 }, userEvent: "input" });
  }
  startCompletion(view);
}

function complete(context: CompletionContext, source: MenuSource): CompletionResult | null {
  const text = context.state.doc.toString();
  const open = source.takesVariables ? openPlaceholder(text, context.pos) : null;
  if (open && open.filterFrom >= 0) return filterItems(context, source, open.filterFrom);
  if (open) {
    const options = variableItems(source.variables(), open.query, open.from, open.isClosed ? open.to : undefined);
    return options.length ? { from: open.from, to: context.pos, options, filter: false } : null;
  }
  const mayChoose = source.choices.length > 0 && placeholders(text).length === 0;
  if (!mayChoose) return null;
  const isChosen = source.choices.some(([value]) => value === text.trim());
  const query = context.explicit && isChosen ? "" : text.trim().toLowerCase();
  const options = [
    ...choiceItems(source.choices, query, text.length),
    ...(context.explicit && source.takesVariables ? variableItems(source.variables(), "", 0) : []),
  ];
  return options.length ? { from: 0, to: text.length, options, filter: false } : null;
}

function variableItems(groups: VariableGroup[], query: string, from: number, end?: number): MenuItem[] {
  return filterVariables(groups, query).flatMap((group, rank) => {
    const section = { name: group.title, rank: rank + 1 };
    return group.items.map((item) => ({
      label: item.label,
      detail: item.sample ? undefined : item.type,
      sample: item.sample,
      section,
      apply: (view: EditorView, _: Completion, __: number, to: number) => insertVariable(view, item.path, from, end ?? to),
    }));
  });
}

/** Put `{{ path }}` in place of what was typed, and of closers that stand there already. */
function insertVariable(view: EditorView, path: string, from: number, to: number): void {
  const after = view.state.sliceDoc(to, to + 3);
  const closers = /^\s?(\}\}|>>)/.exec(after)?.[0].length ?? 0;
  const insert = `{{ ${path} }}`;
  view.dispatch({
    changes: { from, to: to + closers, insert },
    selection: { anchor: from + insert.length },
    userEvent: "input.complete",
  });
}

function choiceItems(choices: [string, string][], query: string, length: number): MenuItem[] {
  const section = { name: "Values", rank: 0 };
  const found = choices.filter(([value, label]) => !query || value.toLowerCase().includes(query) || label.toLowerCase().includes(query));
  return found.slice(0, MAX_SHOWN).map(([value, label]) => ({
    label,
    detail: value === label ? undefined : value,
    section,
    apply: (view: EditorView) =>
      view.dispatch({ changes: { from: 0, to: length, insert: value }, selection: { anchor: value.length }, userEvent: "input.complete" }),
  }));
}

function filterItems(context: CompletionContext, source: MenuSource, from: number): CompletionResult | null {
  const typed = context.state.sliceDoc(from, context.pos).trimStart();
  if (!/^\w*$/.test(typed)) return null;
  const section = { name: "Filters", rank: 0 };
  const options = source.filters
    .filter((name) => name.startsWith(typed.toLowerCase()))
    .map((name) => ({ label: name, section, apply: name }));
  return options.length ? { from: context.pos - typed.length, options, filter: false } : null;
}

function sampleOf(item: MenuItem): HTMLElement | null {
  if (!item.sample) return null;
  const sample = document.createElement("span");
  sample.className = "variable-sample";
  sample.textContent = item.sample;
  return sample;
}
