/** How often a step is tried again, where it wants something other than the usual. */
import type { Editor } from "./context";
import { changeStep, stepOf } from "./definition";
import { h, newId } from "./dom";
import type { Retry } from "./types";

interface Wish {
  name: keyof Retry;
  label: string;
  help: string;
  least: number;
  most: number;
  /** Seconds in one of the unit that is shown. */
  unit: number;
}

const WISHES: Wish[] = [
  { name: "tries", label: "Tries at most", help: "The first one counts as well.", least: 1, most: 100, unit: 1 },
  { name: "base_seconds", label: "First wait, in seconds", help: "Doubles with each try.", least: 0.1, most: 604_800, unit: 1 },
  { name: "cap_seconds", label: "Longest wait, in minutes", help: "", least: 0.01, most: 10_080, unit: 60 },
  { name: "total_seconds", label: "Give up after, in hours", help: "Counted from the first try.", least: 0.01, most: 168, unit: 3_600 },
];

export function retrySection(editor: Editor, key: string): HTMLElement {
  const { store } = editor;
  const rows = WISHES.map((wish) => {
    const id = newId("retry");
    const value = stepOf(store.definition, key)?.retry?.[wish.name];
    const input = h("input", {
      class: "form-control", id, type: "number", min: wish.least, max: wish.most, step: "any", placeholder: "As usual",
      value: value === undefined ? "" : value / wish.unit, readonly: store.readOnly,
    });
    const note = h("div", { class: "field-error" });
    input.addEventListener("input", () => {
      const number = input.value === "" ? undefined : Number(input.value);
      const isWrong = number !== undefined && !(number >= wish.least && number <= wish.most && (wish.name !== "tries" || Number.isInteger(number)));
      note.textContent = isWrong ? `From ${wish.least} to ${wish.most.toLocaleString("en-GB")}.` : "";
      if (!isWrong) put(wish.name, number === undefined ? undefined : number * wish.unit);
    });
    return h("div", {}, h("label", { class: "form-label", for: id }, wish.label), input, note, wish.help && h("div", { class: "field-help" }, wish.help));
  });
  const put = (name: keyof Retry, value: number | undefined) => {
    store.change(changeStep(store.definition, key, (step) => {
      const retry: Retry = { ...step.retry, [name]: value };
      if (value === undefined) delete retry[name];
      return { ...step, retry: Object.keys(retry).length ? retry : null };
    }), { merge: `${key}.retry.${name}`, how: "typing" });
  };
  return h("fieldset", { class: "panel-fieldset" }, h("legend", { class: "form-label" }, "Trying again"),
    h("p", { class: "field-help" }, `When ${editor.data.provider.name} is busy or away, a step is tried again for up to a day. Change that for this step:`),
    h("div", { class: "retry-grid" }, rows));
}
