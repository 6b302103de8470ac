/** One input of a step: label, type, marks, the editor itself, help, and what is wrong with it. */
import { icon } from "../components/icons";
import type { Editor } from "./context";
import { inputOf, positionOf, stepOf, withInput, withRequired, changeStep } from "./definition";
import { h, newId } from "./dom";
import { asText, asValue, isRecordField, typeInWords } from "./forms";
import { besideField, ofField } from "./problems";
import { templateInput, type TemplateInput } from "./template-input";
import type { FormField, Json, Problem } from "./types";
import { labelOf, readableAt } from "./variables";

export interface FieldRow {
  dom: HTMLElement;
  name: string;
  refresh(): void;
  focus(): void;
  destroy(): void;
}

export interface FieldRowOptions {
  /** Offers to mark the input as required at run time, and to take it away. */
  isMapped?: boolean;
}

export function fieldRow(editor: Editor, stepKey: string, field: FormField, options: FieldRowOptions = {}): FieldRow {
  const { store } = editor;
  const labelId = newId("label");
  const controlId = newId("control");
  const noteId = newId("note");
  const step = () => stepOf(store.definition, stepKey);
  const valueNow = () => asText(step() && inputOf(step()!, field.name));
  const put = (value: Json | undefined, how: "typing" | "structure" = "typing") =>
    store.change(changeStep(store.definition, stepKey, (it) => withInput(it, field.name, value)), { merge: `${stepKey}.${field.name}`, how });

  let template: TemplateInput | null = null;
  let control: HTMLElement;
  if (field.type === "boolean" && !field.takes_variables) {
    control = switchFor(controlId, valueNow() === "true", store.readOnly, (on) => put(on || undefined));
  } else if (field.type === "select" && !field.takes_variables) {
    control = selectFor(field, controlId, noteId, valueNow(), store.readOnly, (value) => put(value || undefined));
  } else {
    template = templateInput({
      value: valueNow(),
      labelId,
      describedBy: noteId,
      multiline: field.type === "textarea",
      placeholder: store.readOnly ? "" : placeholderOf(field),
      readOnly: store.readOnly,
      variables: () => readableAt(store.live.variables, store.definition, positionOf(store.definition, stepKey)),
      filters: editor.data.filters,
      choices: field.type === "boolean" ? [["true", "Checked"], ["false", "Not checked"]] : field.choices,
      takesVariables: field.takes_variables,
      lookOf: (placeholder) => ({
        label: labelOf(store.live.variables, placeholder.path),
        problem: problemOf(ofField(store.live.problems, stepKey, field.name), placeholder.path),
      }),
      onChange: (text) => put(asValue(text, field)),
      onLeave: () => refresh(),
    });
    control = template.dom;
  }
  const note = h("div", { class: "field-error", id: noteId, role: "status" });
  const dom = h("div", { class: "step-field", "data-field": field.name },
    h("div", { class: "step-field-head" },
      // A label names elements of forms alone, which an editor of templates is not: it is named by the label's id.
      h(template ? "span" : "label", { class: "form-label", id: labelId, ...(template ? { onclick: () => template?.focus() } : { for: controlId }) },
        field.label, field.required && h("span", { class: "field-required", "aria-label": "required" }, "*")),
      h("span", { class: "step-field-type" }, isRecordField(field) && apiName(field) !== field.label && h("code", {}, apiName(field)), isRecordField(field) && typeInWords(field)),
      options.isMapped && !store.readOnly && marks()),
    control, note, field.help && h("div", { class: "field-help" }, field.help));

  function marks(): HTMLElement {
    const isRequired = step()?.required_inputs.includes(field.name) ?? false;
    const mark = h("button", {
      type: "button", class: "btn-mark", "aria-pressed": String(isRequired),
      title: "Required at run time: the step fails when this turns out empty", "aria-label": `${field.label}: required at run time`,
      onclick: () => {
        const on = mark.getAttribute("aria-pressed") !== "true";
        mark.setAttribute("aria-pressed", String(on));
        store.change(changeStep(store.definition, stepKey, (it) => withRequired(it, field.name, on)), { how: "typing" });
      },
    }, icon("asterisk"));
    const remove = h("button", {
      type: "button", class: "btn-mark", title: "Remove this field", "aria-label": `Remove ${field.label}`, onclick: () => put(undefined, "structure"),
    }, icon("x"));
    return h("span", { class: "step-field-marks" }, mark, !field.required && remove);
  }

  const refresh = () => {
    const found = template?.isTyping() ? [] : ofField(store.live.problems, stepKey, field.name);
    const texts = found.map(besideField);
    if (note.textContent !== texts.join(" ")) note.replaceChildren(...texts.map((text) => h("div", {}, text)));
    dom.classList.toggle("has-problem", found.length > 0);
    template?.refresh(found.length > 0);
  };
  refresh();
  return {
    dom,
    name: field.name,
    refresh,
    focus: () => (template ? template.focus() : dom.querySelector<HTMLElement>("select, input")?.focus()),
    destroy: () => template?.destroy(),
  };
}

function apiName(field: FormField): string {
  return field.name.replace(/^fields\./, "");
}

function problemOf(problems: Problem[], path: string): string {
  const about = problems.find((problem) => problem.message.includes(`${path} is not known`));
  return about ? besideField(about) : "";
}

function placeholderOf(field: FormField): string {
  if (field.choices.length) return "Choose a value, or type {{ for a variable";
  return field.takes_variables ? "Text, or {{ for a variable" : "";
}

function switchFor(id: string, isOn: boolean, readOnly: boolean, onChange: (on: boolean) => void): HTMLElement {
  const box = h("input", { type: "checkbox", class: "form-check-input", role: "switch", id, disabled: readOnly });
  box.checked = isOn;
  box.addEventListener("change", () => onChange(box.checked));
  return h("div", { class: "form-check form-switch mb-0" }, box);
}

function selectFor(
  field: FormField, id: string, noteId: string, value: string, readOnly: boolean, onChange: (value: string) => void,
): HTMLElement {
  const choices = field.choices.some(([known]) => known === value) || !value ? field.choices : [...field.choices, [value, value] as [string, string]];
  const select = h("select", { class: "form-select", id, "aria-describedby": noteId, disabled: readOnly },
    h("option", { value: "" }, choices.length ? "None" : "None here to choose from"),
    choices.map(([key, label]) => h("option", { value: key }, label === key ? label : `${label} (${key})`)));
  select.value = value;
  select.addEventListener("change", () => onChange(select.value));
  return select;
}
