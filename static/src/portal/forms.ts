// The user settings of one workflow as a form: its values, whether they differ from the stored ones, what is wrong.

/** Stands for a password that is stored (workflows/sealed_settings.py). */
const KEPT = "••••••";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function* fieldsOf(form: HTMLFormElement): Generator<{ id: string; kind: string; control: Control; field: HTMLElement }> {
  for (const field of form.querySelectorAll<HTMLElement>("[data-field]")) {
    const control = field.querySelector<Control>("input, select, textarea");
    if (control) yield { id: field.dataset["field"] ?? "", kind: field.dataset["kind"] ?? "", control, field };
  }
}

/** Values as the server keeps them: numbers as numbers, switches as booleans, choices as the builder wrote them. */
export function readValues(form: HTMLFormElement): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { id, kind, control } of fieldsOf(form)) values[id] = valueOf(kind, control);
  return values;
}

function valueOf(kind: string, control: Control): unknown {
  if (control instanceof HTMLInputElement && control.type === "checkbox") return control.checked;
  const text = control.value;
  if (text === "") return "";
  if (kind === "number") return Number(text);
  if (kind === "select") return JSON.parse(text) as unknown;
  return text;
}

/** The same values as others may hear of them: dots for each password. */
export function toldValues(form: HTMLFormElement, values: Record<string, unknown>): Record<string, unknown> {
  const told = { ...values };
  for (const { id, kind } of fieldsOf(form)) if (kind === "password" && told[id] !== "") told[id] = KEPT;
  return told;
}

export function isDirty(form: HTMLFormElement): boolean {
  for (const { control } of fieldsOf(form)) {
    if (control instanceof HTMLSelectElement) {
      const stored = [...control.options].find((option) => option.defaultSelected)?.value ?? "";
      if (control.value !== stored) return true;
    } else if (control instanceof HTMLInputElement && control.type === "checkbox") {
      if (control.checked !== control.defaultChecked) return true;
    } else if (control.value !== control.defaultValue) {
      return true;
    }
  }
  return false;
}

/** Take `values`, which have been saved, for the stored ones; what has been typed since stays, and is unsaved. */
export function keep(form: HTMLFormElement, values: Record<string, unknown>): void {
  for (const { id, kind, control } of fieldsOf(form)) {
    const stored = values[id];
    if (control instanceof HTMLSelectElement) {
      for (const option of control.options) {
        const isStored = option.value === "" ? stored === "" : JSON.stringify(JSON.parse(option.value)) === JSON.stringify(stored);
        markAsStored(option, isStored);
      }
    } else if (kind === "switch") {
      markChecked(control as HTMLInputElement, Boolean(stored));
    } else {
      const typed = control.value;
      control.defaultValue = kind === "password" && stored !== "" ? KEPT : String(stored);
      control.value = kind === "password" && typed === stored ? control.defaultValue : typed;
    }
  }
}

/** What is typed over the dots of a stored password replaces it as a whole. */
export function selectKept(target: Element): void {
  if (!(target instanceof HTMLInputElement) || target.type !== "password" || target.value !== target.defaultValue) return;
  setTimeout(() => target.select()); // a click sets its own caret after the focus
}

function markAsStored(option: HTMLOptionElement, isStored: boolean): void {
  const isChosen = option.selected;
  option.defaultSelected = isStored;
  option.selected = isChosen;
}

function markChecked(box: HTMLInputElement, isStored: boolean): void {
  const isChecked = box.checked;
  box.defaultChecked = isStored;
  box.checked = isChecked;
}

/** Say at each field what is wrong with it; gives the first such control. `isRequired`: whether empty is wrong. */
export function showFaults(form: HTMLFormElement, isRequired: boolean): HTMLElement | null {
  let first: HTMLElement | null = null;
  for (const { kind, control, field } of fieldsOf(form)) {
    const fault = faultOf(kind, control, isRequired);
    const message = field.querySelector<HTMLElement>("[data-field-error]");
    if (message) {
      message.textContent = fault;
      message.hidden = !fault;
    }
    if (fault) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
    if (fault && !first) first = control;
  }
  return first;
}

function faultOf(kind: string, control: Control, isRequired: boolean): string {
  const validity = control.validity;
  if (validity.badInput || (kind === "number" && control.value !== "" && !Number.isFinite(Number(control.value)))) return "Enter a number.";
  if (control.value === "" && control.required && isRequired) return "This has to be filled in.";
  if (control.value !== "" && validity.typeMismatch) return kind === "email" ? "Enter an e-mail address." : "Enter an address that starts with https://.";
  return "";
}
