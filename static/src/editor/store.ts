/** The draft as it stands in this page: what is selected, what can be undone, and what the server said last. */
import type { Definition, LiveData, Selection } from "./types";

export type StoreEvent =
  /** "typing" where an input already shows what changed; "structure" and "history" want everything drawn anew. */
  | { what: "definition"; how: "typing" | "structure" | "history" }
  | { what: "selection"; field?: string; open: boolean }
  | { what: "live" };

type Listener = (event: StoreEvent) => void;

const MERGE_MS = 1_500;
const MAX_UNDO = 200;

export class Store {
  private past: Definition[] = [];
  private future: Definition[] = [];
  private listeners: Listener[] = [];
  private lastMerge = { key: "", at: 0 };
  selection: Selection = { kind: "workflow" };

  constructor(public definition: Definition, public live: LiveData, readonly readOnly = false) {}

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Take `next` as the draft. Changes with the same `merge` that follow each other closely are undone as one. */
  change(next: Definition, options: { merge?: string; how?: "typing" | "structure" } = {}): void {
    if (this.readOnly || next === this.definition) return;
    const now = Date.now();
    const merges = options.merge !== undefined && options.merge === this.lastMerge.key && now - this.lastMerge.at < MERGE_MS;
    if (!merges) this.past = [...this.past.slice(-MAX_UNDO + 1), this.definition];
    this.lastMerge = { key: options.merge ?? "", at: now };
    this.future = [];
    this.definition = next;
    this.emit({ what: "definition", how: options.how ?? "structure" });
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  undo(): void {
    const before = this.past.pop();
    if (!before) return;
    this.future.push(this.definition);
    this.goTo(before);
  }

  redo(): void {
    const after = this.future.pop();
    if (!after) return;
    this.past.push(this.definition);
    this.goTo(after);
  }

  select(selection: Selection, options: { field?: string; open?: boolean } = {}): void {
    this.selection = selection;
    this.emit({ what: "selection", field: options.field, open: options.open ?? true });
  }

  receive(live: LiveData): void {
    this.live = live;
    this.emit({ what: "live" });
  }

  private goTo(definition: Definition): void {
    this.lastMerge = { key: "", at: 0 };
    this.definition = definition;
    const chosen = this.selection;
    if (chosen.kind === "step" && !definition.steps.some((step) => step.key === chosen.key)) this.selection = { kind: "workflow" };
    this.emit({ what: "definition", how: "history" });
  }

  private emit(event: StoreEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
