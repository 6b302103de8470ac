// Keeps the keyboard inside the dialog: Tab goes round, and does not fall behind the frame into the host's page.

const STOPS = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex="0"]';

export function trapTab(dialog: HTMLElement, event: KeyboardEvent): void {
  if (event.key !== "Tab") return;
  const stops = [...dialog.querySelectorAll<HTMLElement>(STOPS)].filter((stop) => stop.tabIndex >= 0 && isVisible(stop));
  const first = stops[0];
  const last = stops.at(-1);
  if (!first || !last) return;
  const at = document.activeElement;
  const isOutside = !dialog.contains(at) || at === dialog;
  if (event.shiftKey && (at === first || isOutside)) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && (at === last || isOutside)) {
    event.preventDefault();
    first.focus();
  }
}

function isVisible(element: HTMLElement): boolean {
  return typeof element.checkVisibility !== "function" || element.checkVisibility();
}
