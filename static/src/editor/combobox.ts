/** A select that one can search: an input with a list below it (WAI-ARIA's combobox with a list box). */
import { h, newId } from "./dom";

export interface Option {
  value: string;
  label: string;
  hint?: string;
  detail?: string;
}

export interface ComboboxOptions {
  labelId: string;
  options: Option[];
  value?: string;
  placeholder?: string;
  describedBy?: string;
  readOnly?: boolean;
  /** Clears itself after a choice, as for "Add a field". */
  isAdder?: boolean;
  /** An option for text that is none of them: an API name typed by hand. */
  custom?(text: string): Option | null;
  onChoose(value: string): void;
}

export interface Combobox {
  dom: HTMLElement;
  input: HTMLInputElement;
}

const MAX_SHOWN = 200;

export function combobox(options: ComboboxOptions): Combobox {
  const listId = newId("options");
  const chosen = () => options.options.find((option) => option.value === options.value);
  const input = h("input", {
    class: "form-control", role: "combobox", "aria-expanded": "false", "aria-controls": listId, "aria-autocomplete": "list",
    "aria-labelledby": options.labelId, "aria-describedby": options.describedBy, placeholder: options.placeholder, autocomplete: "off",
    spellcheck: "false", readonly: options.readOnly,
  });
  const list = h("ul", { class: "combobox-list", id: listId, role: "listbox", "aria-labelledby": options.labelId, hidden: true });
  const dom = h("div", { class: "combobox" }, input, list);
  let shown: Option[] = [];
  let active = -1;

  const showValue = () => (input.value = options.isAdder ? "" : (chosen()?.label ?? options.value ?? ""));
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const open = (query: string) => {
    if (options.readOnly) return;
    shown = matching(options.options, query).slice(0, MAX_SHOWN);
    const custom = query && !options.options.some((it) => it.value.toLowerCase() === query.toLowerCase()) ? options.custom?.(query) : null;
    if (custom) shown.push(custom);
    active = shown.length && query ? 0 : shown.findIndex((option) => option.value === options.value);
    list.replaceChildren(...shown.map((option, index) => row(option, index)));
    if (!shown.length) list.append(h("li", { class: "combobox-none" }, query ? `Nothing matches “${query}”.` : "Nothing to choose from."));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark();
  };
  const mark = () => {
    for (const [index, element] of [...list.querySelectorAll<HTMLElement>('[role="option"]')].entries()) {
      element.setAttribute("aria-selected", String(index === active));
      if (index === active) {
        input.setAttribute("aria-activedescendant", element.id);
        element.scrollIntoView({ block: "nearest" });
      }
    }
  };
  const choose = (option: Option | undefined) => {
    if (!option) return;
    options.value = option.value;
    if (!options.isAdder && !chosen()) options.options.push(option);
    showValue();
    close();
    options.onChoose(option.value);
  };
  const row = (option: Option, index: number) =>
    h("li", { role: "option", id: `${listId}-${index}`, class: "combobox-option", onmousedown: (event: MouseEvent) => event.preventDefault(), onclick: () => choose(option) },
      h("span", { class: "combobox-label" }, option.label),
      option.detail && h("span", { class: "combobox-detail" }, option.detail),
      option.hint && h("span", { class: "combobox-hint" }, option.hint));

  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => list.hidden && open(""));
  input.addEventListener("input", () => open(input.value.trim()));
  input.addEventListener("blur", () => {
    close();
    showValue();
  });
  input.addEventListener("keydown", (event) => {
    const isOpen = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!isOpen) open("");
      else if (shown.length) active = (active + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % shown.length;
      mark();
    } else if (event.key === "Enter" && isOpen) choose(shown[active]);
    else if (event.key === "Escape" && isOpen) {
      close();
      showValue();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  showValue();
  return { dom, input };
}

/** Options that hold every word of the query; those that begin with it first. */
export function matching(options: Option[], query: string): Option[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (option: Option) => `${option.label} ${option.value} ${option.detail ?? ""}`.toLowerCase();
  const found = options.filter((option) => words.every((word) => text(option).includes(word)));
  const starts = (option: Option) => Number(!option.label.toLowerCase().startsWith(words[0] ?? ""));
  return found.map((option, at) => ({ option, at })).sort((a, b) => starts(a.option) - starts(b.option) || a.at - b.at).map((it) => it.option);
}
