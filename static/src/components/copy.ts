/**
 * Copy buttons: `<button data-copy="#snippet">` copies that element's text (or value),
 * `<button data-copy-text="…">` the text itself, `<button data-copy-block>` the <pre> of its code block.
 * The button says that it is done.
 */
import { icon } from "./icons";
import { toast } from "./toasts";

const DONE_MS = 1_600;

export function textToCopy(button: HTMLElement): string {
  if (button.dataset.copyText !== undefined) return button.dataset.copyText;
  const inBlock = button.dataset.copyBlock !== undefined;
  const source = inBlock
    ? button.closest(".code-block")?.querySelector("pre")
    : document.querySelector(button.dataset.copy ?? "");
  if (source instanceof HTMLInputElement || source instanceof HTMLTextAreaElement) return source.value;
  return source?.textContent?.trim() ?? "";
}

export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // plain http on another host has no clipboard API
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("copying is not allowed here");
}

export function startCopy(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy], [data-copy-text], [data-copy-block]");
    if (!button) return;
    event.preventDefault();
    copyText(textToCopy(button)).then(
      () => showDone(button),
      () => toast("The browser did not allow copying. Select the text and copy it by keyboard.", "error"),
    );
  });
}

function showDone(button: HTMLElement): void {
  const before = button.querySelector("svg.icon");
  const done = icon("check", "text-success");
  before?.replaceWith(done);
  document.getElementById("announcements")?.replaceChildren("Copied.");
  if (!before) toast("Copied.");
  window.setTimeout(() => before && done.replaceWith(before), DONE_MS);
}
