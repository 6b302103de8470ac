/** The column at the right (a full-height sheet on a phone): shows the panel of what is selected. */
import type { Editor, Panel } from "./context";
import { stepOf } from "./definition";
import type { Details } from "./details";
import { h } from "./dom";
import { settingsPanel } from "./settings-panel";
import { stepPanel } from "./step-panel";
import { triggerPanel } from "./trigger-panel";
import { workflowPanel } from "./workflow-panel";

export class PanelHost {
  private panel: Panel | null = null;

  constructor(
    private readonly editor: Editor,
    private readonly root: HTMLElement,
    private readonly details: Details,
    private readonly onClose: () => void,
  ) {
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      this.close();
    });
    editor.store.subscribe((event) => {
      if (event.what === "live") this.panel?.refresh();
      else if (event.what === "selection") {
        this.draw();
        if (event.open && event.field) this.open();
        if (event.field) this.panel?.focusField(event.field);
      } else if (event.how !== "typing") this.redraw();
    });
    this.draw();
  }

  open(): void {
    this.root.classList.add("is-open");
  }

  /** Put the focus on the panel's first control. */
  focus(): void {
    this.root.querySelector<HTMLElement>(".panel-content :is(input, textarea, select, .cm-content, button)")?.focus();
  }

  close(): void {
    this.root.classList.remove("is-open");
    this.onClose();
  }

  /** Back to the workflow's own panel, with the focus on the card that was open. */
  private leave(): void {
    this.close();
    this.editor.store.select({ kind: "workflow" }, { open: false });
  }

  private redraw(): void {
    const active = document.activeElement as HTMLElement | null;
    const keep = this.root.contains(active) ? active?.dataset.keep : undefined;
    const field = this.root.contains(active) ? active?.closest<HTMLElement>("[data-field]")?.dataset.field : undefined;
    const scroll = this.root.querySelector(".panel-content")?.scrollTop ?? 0;
    this.draw();
    const content = this.root.querySelector(".panel-content");
    if (content) content.scrollTop = scroll;
    if (keep) this.root.querySelector<HTMLElement>(`[data-keep="${CSS.escape(keep)}"]`)?.focus();
    else if (field) this.panel?.focusField(field);
  }

  private draw(): void {
    this.panel?.destroy();
    this.panel = this.make();
    const close = h("button", { type: "button", class: "btn-close panel-close", "aria-label": "Close the panel", onclick: () => this.leave() });
    this.root.replaceChildren(this.panel.dom, close);
    this.root.dataset.kind = this.editor.store.selection.kind;
  }

  private make(): Panel {
    const { selection, definition } = this.editor.store;
    if (selection.kind === "trigger") return triggerPanel(this.editor);
    if (selection.kind === "settings") return settingsPanel(this.editor);
    if (selection.kind === "step" && stepOf(definition, selection.key)) return stepPanel(this.editor, selection.key);
    return workflowPanel(this.editor, this.details);
  }
}

