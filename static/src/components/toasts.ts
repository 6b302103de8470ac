/**
 * Short messages in the corner.
 *
 * From the server: Django's messages (base.html renders them), or for htmx the answer's header
 * `HX-Trigger: {"toast": {"text": "Saved.", "level": "success"}}`. From scripts: `toast("Saved.")`.
 */
import { icon } from "./icons";

export type Level = "success" | "info" | "warning" | "error";

const SHOWN_MS = 5_000;
const ERROR_SHOWN_MS = 12_000;

export function toast(text: string, level: Level = "success"): void {
  const place = document.getElementById("toasts");
  if (!place) return;
  const element = document.createElement("div");
  element.className = `toast-note toast-note-${level}`;
  element.setAttribute("role", level === "error" ? "alert" : "status");
  const words = document.createElement("span");
  words.textContent = text;
  element.append(signOf(level), words, closeButton());
  place.append(element);
  leaveLater(element, level);
}

function signOf(level: Level): SVGSVGElement {
  if (level === "success") return icon("circle-check");
  if (level === "info") return icon("info-circle");
  return icon("alert-triangle");
}

function closeButton(): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn-close";
  button.setAttribute("aria-label", "Dismiss");
  return button;
}

function leaveLater(element: HTMLElement, level: Level): void {
  const wait = level === "error" || level === "warning" ? ERROR_SHOWN_MS : SHOWN_MS;
  let timer = window.setTimeout(() => element.remove(), wait);
  const hold = () => window.clearTimeout(timer);
  const release = () => (timer = window.setTimeout(() => element.remove(), wait));
  element.addEventListener("mouseenter", hold);
  element.addEventListener("mouseleave", release);
  element.addEventListener("focusin", hold);
  element.addEventListener("focusout", release);
}

export function startToasts(): void {
  const place = document.getElementById("toasts");
  place?.addEventListener("click", (event) => {
    if ((event.target as Element).closest(".btn-close")) (event.target as Element).closest(".toast-note")?.remove();
  });
  for (const element of document.querySelectorAll<HTMLElement>("#toasts > .toast-note")) {
    leaveLater(element, (element.dataset.level as Level | undefined) ?? "info");
  }
  document.addEventListener("toast", (event) => {
    const detail = (event as CustomEvent<{ text?: string; value?: string; level?: Level }>).detail ?? {};
    toast(detail.text ?? detail.value ?? "", detail.level);
  });
}
