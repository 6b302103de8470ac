/** Placeholders drawn as chips: one unit to the cursor, deleted whole, copied as the text that they are. */
import { type EditorState, type Extension, Facet, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, WidgetType } from "@codemirror/view";

import { type Placeholder, placeholders } from "./templates";

export interface ChipLook {
  label: string;
  /** Why it can not work; empty when it may. */
  problem: string;
}

export type LookOf = (placeholder: Placeholder) => ChipLook;

/** Dispatch it when what chips say may have changed: names, problems. */
export const chipsChanged = StateEffect.define<null>();
const reveal = StateEffect.define<number>();
const lookOf = Facet.define<LookOf, LookOf>({ combine: (looks) => looks[0] ?? ((it) => ({ label: it.path, problem: "" })) });

class Chip extends WidgetType {
  constructor(
    readonly text: string,
    readonly label: string,
    readonly filters: string[],
    readonly problem: string,
  ) {
    super();
  }

  override eq(other: Chip): boolean {
    return other.text === this.text && other.label === this.label && other.problem === this.problem;
  }

  override toDOM(): HTMLElement {
    const chip = document.createElement("span");
    chip.className = this.problem ? "chip chip-bad" : "chip";
    chip.title = this.problem ? `${this.text}\n${this.problem}` : `${this.text}\nDouble-click to edit it as text`;
    chip.textContent = this.label;
    for (const filter of this.filters) {
      const part = document.createElement("span");
      part.className = "chip-filter";
      part.textContent = ` | ${filter}`;
      chip.append(part);
    }
    if (this.problem) {
      const words = document.createElement("span");
      words.className = "visually-hidden";
      words.textContent = ` (${this.problem})`;
      chip.append(words);
    }
    return chip;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

interface Chips {
  decorations: DecorationSet;
  /** Start of the placeholder that is shown as text while it is edited; -1 for none. */
  revealed: number;
}

function chipsOf(state: EditorState, revealed: number): Chips {
  const look = state.facet(lookOf);
  const text = state.doc.toString();
  const ranges = placeholders(text)
    .filter((found) => found.from !== revealed)
    .map((found) => {
      const { label, problem } = look(found);
      const widget = new Chip(text.slice(found.from, found.to), label, found.filters, problem);
      return Decoration.replace({ widget }).range(found.from, found.to);
    });
  return { decorations: RangeSet.of(ranges), revealed };
}

const chipField = StateField.define<Chips>({
  create: (state) => chipsOf(state, -1),
  update(chips, transaction) {
    let revealed = chips.revealed < 0 ? -1 : transaction.changes.mapPos(chips.revealed);
    for (const effect of transaction.effects) if (effect.is(reveal)) revealed = effect.value;
    if (revealed >= 0) {
      const found = placeholders(transaction.state.doc.toString()).find((it) => it.from === revealed);
      const cursor = transaction.state.selection.main.head;
      if (found && (cursor < found.from || cursor > found.to)) revealed = -1;
    }
    const isStale = transaction.docChanged || revealed !== chips.revealed || transaction.effects.some((it) => it.is(chipsChanged));
    return isStale ? chipsOf(transaction.state, revealed) : chips;
  },
  provide: (field) => [
    EditorView.decorations.from(field, (chips) => chips.decorations),
    EditorView.atomicRanges.of((view) => view.state.field(field).decorations),
  ],
});

function revealAt(view: EditorView, position: number): boolean {
  const text = view.state.doc.toString();
  const found = placeholders(text).find((it) => it.from <= position && position <= it.to);
  if (!found || view.state.readOnly) return false;
  view.dispatch({ effects: reveal.of(found.from), selection: { anchor: found.to - 2 } });
  return true;
}

export function chips(look: LookOf): Extension {
  return [
    lookOf.of(look),
    chipField,
    keymap.of([{ key: "F2", run: (view) => revealAt(view, view.state.selection.main.head) }]),
    EditorView.domEventHandlers({
      dblclick(event, view) {
        const chip = (event.target as Element).closest(".chip");
        return chip ? revealAt(view, view.posAtDOM(chip)) : false;
      },
      blur(_, view) {
        // The view may be gone by then: a change of structure draws the panel anew.
        window.setTimeout(() => {
          if (view.dom.isConnected && view.state.field(chipField).revealed >= 0) view.dispatch({ effects: reveal.of(-1) });
        });
      },
    }),
  ];
}
