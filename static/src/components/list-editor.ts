/** A list of inputs with the same name: lines are added and removed, and each says what is wrong with it. */
export function startListEditor(editor: HTMLElement, problemOf: (text: string) => string): void {
  let made = 0;
  const rows = () => [...editor.querySelectorAll<HTMLElement>(".list-row")];
  const blank = rows().at(-1)?.cloneNode(true) as HTMLElement | undefined;

  const add = () => {
    const row = blank?.cloneNode(true) as HTMLElement | undefined;
    if (!row) return;
    editor.append(row);
    row.querySelector("input")?.focus();
  };

  editor.parentElement?.querySelector("[data-add-row]")?.addEventListener("click", add);
  editor.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("[data-remove-row]");
    if (!button) return;
    const row = button.closest<HTMLElement>(".list-row");
    const next = row?.nextElementSibling ?? row?.previousElementSibling;
    if (rows().length > 1) row?.remove();
    else if (row) clear(row);
    (next ?? row)?.querySelector("input")?.focus();
  });
  editor.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || !event.target.value.trim()) return;
    event.preventDefault(); // Enter begins the next line; the form has its own button
    check(event.target);
    add();
  });
  editor.addEventListener("focusout", (event) => {
    if (event.target instanceof HTMLInputElement) check(event.target);
  });
  editor.addEventListener("input", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.classList.contains("is-invalid")) check(event.target);
  });

  function clear(row: HTMLElement): void {
    const input = row.querySelector("input");
    if (input) {
      input.value = "";
      check(input);
    }
  }

  function check(input: HTMLInputElement): void {
    const problem = problemOf(input.value);
    const row = input.closest(".list-row");
    let note = row?.querySelector<HTMLElement>(".field-error");
    input.classList.toggle("is-invalid", problem !== "");
    if (!problem) {
      note?.remove();
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
      return;
    }
    if (!note) {
      note = document.createElement("div");
      note.className = "field-error";
      note.id = `list-problem-${(made += 1)}`;
      row?.append(note);
    }
    note.textContent = problem;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", note.id);
  }
}
