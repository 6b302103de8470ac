/** `<form data-guard-unsaved>`: asks before one leaves the page with changes that were not saved. */
export function startUnsavedGuards(root: ParentNode = document): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-guard-unsaved]")) {
    let changed = Boolean(form.querySelector(".is-invalid"));
    form.addEventListener("input", () => (changed = true));
    form.addEventListener("submit", (event) => {
      if (!event.defaultPrevented) changed = false;
    });
    window.addEventListener("beforeunload", (event) => {
      if (changed) event.preventDefault();
    });
  }
}
