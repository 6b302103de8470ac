/** The bar at the top: name, what runs, whether all is saved, undo and redo, and the buttons of the server's template. */
import type { SaveStatus } from "./autosave";
import type { Editor } from "./context";
import { h } from "./dom";
import type { DeployState, LiveData } from "./types";

const TONES: Record<DeployState, string> = { never_deployed: "idle", live: "ok", edited_since: "warn", undeployed: "idle" };

export function stateInWords(live: Pick<LiveData, "state" | "liveVersion">): string {
  switch (live.state) {
    case "live":
      return `Live v${live.liveVersion}`;
    case "edited_since":
      return `Live v${live.liveVersion} · edited since`;
    case "undeployed":
      return "Undeployed";
    default:
      return "Never deployed";
  }
}

export class Toolbar {
  constructor(private readonly editor: Editor, private readonly root: HTMLElement) {
    const { store } = editor;
    this.find("[data-undo]")?.addEventListener("click", () => store.undo());
    this.find("[data-redo]")?.addEventListener("click", () => store.redo());
    store.subscribe(() => this.draw());
    this.draw();
  }

  showSaving(status: SaveStatus): void {
    const indicator = this.find("[data-saved]");
    if (!indicator) return;
    indicator.dataset.saved = status.kind;
    indicator.textContent = savingInWords(status);
    const banner = document.querySelector<HTMLElement>("[data-conflict]");
    if (banner) banner.hidden = status.kind !== "conflict";
    const words = banner?.querySelector("[data-conflict-words]");
    if (words && status.kind === "conflict") words.textContent = status.reason;
  }

  private draw(): void {
    const { store } = this.editor;
    this.find<HTMLButtonElement>("[data-undo]")?.toggleAttribute("disabled", !store.canUndo);
    this.find<HTMLButtonElement>("[data-redo]")?.toggleAttribute("disabled", !store.canRedo);
    const pill = this.find("[data-state]");
    if (pill) {
      pill.className = `status-pill status-pill-${TONES[store.live.state]}`;
      pill.textContent = stateInWords(store.live);
    }
    const isLive = store.live.liveVersion !== null;
    for (const element of document.querySelectorAll<HTMLElement>("[data-when-live]")) element.hidden = !isLive;
    for (const element of document.querySelectorAll<HTMLElement>("[data-when-not-live]")) element.hidden = isLive;
    const badge = this.find("[data-problem-count]");
    if (!badge) return;
    const count = store.live.problems.length;
    badge.hidden = count === 0;
    const things = h("span", { class: "problem-things" }, count === 1 ? " thing" : " things");
    badge.replaceChildren(String(count), things, " missing");
  }

  private find<E extends HTMLElement>(selector: string): E | null {
    return this.root.querySelector<E>(selector);
  }
}

function savingInWords(status: SaveStatus): string {
  switch (status.kind) {
    case "saved":
      return "Saved";
    case "saving":
      return "Saving…";
    case "retrying":
      return `Not saved – retrying. ${status.reason}`;
    case "refused":
      return `Not saved: ${status.reason}`;
    case "conflict":
      return "Not saved";
  }
}
