/** The cards in their order, joined by connectors with "+": chosen, moved, copied and deleted by mouse and by keyboard. */
import { icon } from "../components/icons";
import { actionOf, type Editor } from "./context";
import { duplicateStep, emptyStep, fieldNames, insertStep, keysOf, moveStep, positionOf, removeStep, stepOf } from "./definition";
import { h } from "./dom";
import { ofSettings, ofStep, ofTrigger } from "./problems";
import type { Selection, Step } from "./types";
import { offerUndo } from "./undo-toast";

export class Canvas {
  private dragged = "";
  /** Drawing anew waits while a menu is open or a card is dragged. */
  private isStale = false;

  constructor(private readonly editor: Editor, private readonly root: HTMLElement, private readonly openPanel: (byKeyboard: boolean) => void) {
    root.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("click", (event) => {
      if (event.target === root || (event.target as Element).matches(".canvas-flow")) this.editor.store.select({ kind: "workflow" }, { open: false });
      if (!(event.target as Element).closest(".node-menu")) this.closeMenus();
    });
    document.addEventListener("click", (event) => {
      if (!this.root.contains(event.target as Node)) this.closeMenus();
    });
    editor.store.subscribe(() => this.draw());
    this.draw();
  }

  /** Put the focus on the selected card. */
  focusSelected(): void {
    this.root.querySelector<HTMLElement>(".node.is-selected .node-main")?.focus();
  }

  private draw(): void {
    this.isStale = Boolean(this.dragged || this.root.querySelector(".menu-list.show"));
    if (this.isStale) return;
    const { store } = this.editor;
    const focused = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>("[data-node]")?.dataset.node;
    const hadFocus = focused !== undefined && this.root.contains(document.activeElement);
    const steps = store.definition.steps;
    const flow = h("ol", { class: "canvas-flow", "aria-label": "The workflow's steps, in order" },
      h("li", {}, this.triggerCard()),
      steps.map((step, at) => [h("li", { class: "connector-slot" }, this.connector(at)), h("li", {}, this.stepCard(step, at))]),
      !store.readOnly && h("li", { class: "connector-slot" }, this.connector(steps.length, true)));
    this.root.replaceChildren(flow, this.settingsCard());
    if (hadFocus) this.root.querySelector<HTMLElement>(`[data-node="${CSS.escape(focused)}"] .node-main`)?.focus({ preventScroll: true });
  }

  private triggerCard(): HTMLElement {
    const { store, data } = this.editor;
    const name = store.definition.trigger?.app_event ?? "";
    const problems = ofTrigger(store.live.problems);
    const known = data.appEvents.find((event) => event.name === name);
    return this.card({ kind: "trigger" }, "trigger", "bolt", "node-icon-trigger", name || "Choose an App Event", name ? known?.description || "App Event" : "What starts this workflow", problems.length, "Trigger");
  }

  private stepCard(step: Step, at: number): HTMLElement {
    const { store } = this.editor;
    const action = actionOf(this.editor, step.type);
    const summary = store.live.summaries[step.key] ?? action?.title ?? step.type;
    const count = fieldNames(step).length;
    const fields = count ? ` · ${count} ${count === 1 ? "field" : "fields"}` : "";
    const line = `${action?.provider ?? ""} · ${summary === step.name ? (action?.title ?? "") : summary}${fields}`;
    const card = this.card({ kind: "step", key: step.key }, `step:${step.key}`, action?.icon ?? "box", "", step.name || "Step without a name", line, ofStep(store.live.problems, step.key).length, `Step ${at + 1}`);
    if (store.readOnly) return card;
    card.draggable = true;
    card.addEventListener("dragstart", (event) => {
      this.dragged = step.key;
      event.dataTransfer?.setData("text/plain", step.name);
      card.classList.add("is-dragged");
      this.root.classList.add("is-dragging");
    });
    card.addEventListener("dragend", () => {
      this.dragged = "";
      this.root.classList.remove("is-dragging");
      card.classList.remove("is-dragged");
      if (this.isStale) this.draw();
    });
    card.append(this.stepMenu(step, at));
    return card;
  }

  private settingsCard(): HTMLElement {
    const { store } = this.editor;
    const count = store.definition.settings.length;
    const line = count ? store.definition.settings.map((setting) => setting.title || setting.id).join(", ") : "Ask the end user for values";
    const title = count ? `User settings (${count})` : "User settings";
    return h("div", { class: "canvas-aside" }, this.card({ kind: "settings" }, "settings", "adjustments-horizontal", "node-icon-settings", title, line, ofSettings(store.live.problems).length, "Beside the steps"));
  }

  private card(selection: Selection, id: string, iconName: string, iconClass: string, title: string, line: string, problems: number, kind: string): HTMLElement {
    const { store } = this.editor;
    const isSelected = JSON.stringify(store.selection) === JSON.stringify(selection);
    const mark = problems > 0 && h("span", { class: "node-problem", title: problems === 1 ? "One thing is missing" : `${problems} things are missing` }, icon("alert-circle"), h("span", { class: "visually-hidden" }, problems === 1 ? "One thing is missing." : `${problems} things are missing.`));
    return h("div", { class: `node${isSelected ? " is-selected" : ""}${problems ? " has-problem" : ""}`, "data-node": id },
      h("button", { type: "button", class: "node-main", "aria-pressed": String(isSelected), onclick: (event: MouseEvent) => { store.select(selection); this.openPanel(event.detail === 0); } },
        h("span", { class: `node-icon ${iconClass}` }, icon(iconName)),
        h("span", { class: "node-words" }, h("span", { class: "node-kind" }, kind), h("span", { class: "node-title" }, title), h("span", { class: "node-line" }, line)), mark));
  }

  private connector(at: number, isLast = false): HTMLElement {
    const slot = h("div", { class: `connector${isLast ? " connector-last" : ""}` });
    if (this.editor.store.readOnly) return slot;
    const label = isLast ? "Add a step" : `Add a step before step ${at + 1}`;
    const menu = h("div", { class: "node-menu" },
      h("button", { type: "button", class: isLast ? "btn btn-add" : "btn-plus", "aria-label": isLast ? undefined : label, title: isLast ? undefined : label, "aria-haspopup": "menu", "aria-expanded": "false", onclick: (event: MouseEvent) => this.toggleMenu(event) }, icon("plus"), isLast && label),
      h("div", { class: "menu-list", role: "menu" }, this.editor.data.actions.map((action) =>
        h("button", { type: "button", class: "dropdown-item action-item", role: "menuitem", tabindex: -1, onclick: () => this.add(at, action.type) }, icon(action.icon),
          h("span", {}, h("span", { class: "action-title" }, `${action.provider}: ${action.title}`), h("span", { class: "action-line" }, action.description))))));
    slot.append(menu);
    slot.addEventListener("dragover", (event) => {
      if (!this.dragged) return;
      event.preventDefault();
      slot.classList.add("is-target");
    });
    slot.addEventListener("dragleave", () => slot.classList.remove("is-target"));
    slot.addEventListener("drop", (event) => {
      event.preventDefault();
      const key = this.dragged;
      this.dragged = "";
      const from = positionOf(this.editor.store.definition, key);
      if (from >= 0) this.move(key, at > from ? at - 1 : at);
    });
    return slot;
  }

  private stepMenu(step: Step, at: number): HTMLElement {
    const last = this.editor.store.definition.steps.length - 1;
    const item = (name: string, words: string, key: string, act: () => void, disabled = false) =>
      h("button", { type: "button", class: "dropdown-item", role: "menuitem", tabindex: -1, disabled, onclick: () => { this.closeMenus(); act(); } }, name === "trash" ? icon("trash") : name === "copy" ? icon("copy") : name === "arrow-up" ? icon("arrow-up") : icon("arrow-down"), words, key && h("kbd", { class: "ms-auto" }, key));
    return h("div", { class: "node-menu" },
      h("button", { type: "button", class: "btn-mark", "aria-label": `${step.name || step.key}: more`, "aria-haspopup": "menu", "aria-expanded": "false", onclick: (event: MouseEvent) => this.toggleMenu(event) }, icon("dots-vertical")),
      h("div", { class: "menu-list menu-list-end", role: "menu" },
        item("arrow-up", "Move up", "Alt ↑", () => this.move(step.key, at - 1), at === 0),
        item("arrow-down", "Move down", "Alt ↓", () => this.move(step.key, at + 1), at === last),
        item("copy", "Duplicate", "", () => this.duplicate(step.key)),
        item("trash", "Delete", "Del", () => this.remove(step.key))));
  }

  private toggleMenu(event: MouseEvent): void {
    const button = event.currentTarget as HTMLElement;
    if (button.getAttribute("aria-expanded") === "true") return this.closeMenus();
    this.hideMenus();
    button.setAttribute("aria-expanded", "true");
    const menu = button.nextElementSibling as HTMLElement;
    menu.classList.add("show");
    menu.querySelector<HTMLElement>('[role="menuitem"]:not(:disabled)')?.focus();
  }

  private closeMenus(): void {
    this.hideMenus();
    if (this.isStale) this.draw();
  }

  private hideMenus(): void {
    for (const menu of this.root.querySelectorAll(".menu-list.show")) {
      menu.classList.remove("show");
      menu.previousElementSibling?.setAttribute("aria-expanded", "false");
    }
  }

  private add(at: number, type: string): void {
    const { store } = this.editor;
    const title = actionOf(this.editor, type)?.title ?? type;
    const step = emptyStep(type, title, keysOf(store.definition));
    this.closeMenus();
    store.change(insertStep(store.definition, at, step));
    store.select({ kind: "step", key: step.key }, { field: "record_type" });
    this.openPanel(false);
    void this.editor.autosave.flush();
  }

  private duplicate(key: string): void {
    const { definition, copy } = duplicateStep(this.editor.store.definition, key);
    if (!copy) return;
    this.editor.store.change(definition);
    this.editor.store.select({ kind: "step", key: copy.key }, { open: false });
    this.focusSelected();
  }

  private move(key: string, to: number): void {
    this.editor.store.change(moveStep(this.editor.store.definition, key, to));
    this.root.querySelector<HTMLElement>(`[data-node="step:${CSS.escape(key)}"] .node-main`)?.focus();
  }

  private remove(key: string): void {
    const { store } = this.editor;
    const step = stepOf(store.definition, key);
    if (!step || store.readOnly) return;
    const at = positionOf(store.definition, key);
    store.change(removeStep(store.definition, key));
    const next = store.definition.steps[Math.min(at, store.definition.steps.length - 1)];
    store.select(next ? { kind: "step", key: next.key } : { kind: "trigger" }, { open: false });
    this.focusSelected();
    offerUndo(`“${step.name || step.key}” was deleted.`, () => store.undo());
  }

  private onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const menu = target.closest<HTMLElement>(".menu-list");
    if (menu) return this.onMenuKey(event, menu);
    if (!target.matches(".node-main")) return;
    const cards = [...this.root.querySelectorAll<HTMLElement>(".node-main")];
    const key = target.closest<HTMLElement>("[data-node]")?.dataset.node?.replace(/^step:/, "") ?? "";
    const isStep = stepOf(this.editor.store.definition, key) !== undefined && target.closest("[data-node^='step:']") !== null;
    const direction = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (direction && event.altKey && isStep) this.move(key, positionOf(this.editor.store.definition, key) + direction);
    else if (direction) cards[cards.indexOf(target) + direction]?.focus();
    else if ((event.key === "Delete" || event.key === "Backspace") && isStep) this.remove(key);
    else return;
    event.preventDefault();
  }

  private onMenuKey(event: KeyboardEvent, menu: HTMLElement): void {
    const items = [...menu.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)')];
    const at = items.indexOf(event.target as HTMLElement);
    if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp") items[(at - 1 + items.length) % items.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") {
      this.closeMenus();
      (menu.previousElementSibling as HTMLElement | null)?.focus();
      if (event.key === "Tab") return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
