/** "… was deleted. Undo": a message in the corner with the way back. */
import { icon } from "../components/icons";
import { h } from "./dom";

const SHOWN_MS = 8_000;

export function offerUndo(text: string, undo: () => void): void {
  document.querySelector(".toast-undo")?.remove();
  const element = h("div", { class: "toast-note toast-note-info toast-undo", role: "status" }, icon("trash"), h("span", {}, text),
    h("button", { type: "button", class: "btn btn-sm", onclick: () => { undo(); element.remove(); } }, "Undo"));
  document.getElementById("toasts")?.append(element);
  window.setTimeout(() => element.remove(), SHOWN_MS);
}
