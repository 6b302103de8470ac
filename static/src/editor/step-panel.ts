/** The panel of one step: its name, action, record type, fields, and what is rarely needed. */
import { icon } from "../components/icons";
import { combobox, type Option } from "./combobox";
import { actionOf, type Editor, type Panel } from "./context";
import { changeStep, fieldNames, inputOf, rekeyStep, stepOf, withInput } from "./definition";
import { h, newId } from "./dom";
import { fieldRow, type FieldRow } from "./field-row";
import { asText, fieldByName, isRecordField } from "./forms";
import { besideField, ofField, ofStep } from "./problems";
import { retrySection } from "./retry-section";
import { ServerError } from "./server";
import type { FormField, StepForm } from "./types";

const API_NAME = /^[A-Za-z][A-Za-z0-9_]{0,79}$/;

export function stepPanel(editor: Editor, key: string): Panel {
  const { store } = editor;
  const body = h("div", { class: "panel-body" });
  const dom = h("div", { class: "panel-content" }, header(editor, key), body);
  let rows: FieldRow[] = [];
  let typeNote: HTMLElement | null = null;
  let wanted = "";
  let isGone = false;

  const draw = (form: StepForm) => {
    const step = stepOf(store.definition, key);
    if (isGone || !step) return;
    rows.forEach((row) => row.destroy());
    const known = new Map(form.fields.map((field) => [field.name, field]));
    const typeField = form.fields.find((field) => field.type === "record_type");
    const entered = fieldNames(step).map((name) => `fields.${name}`);
    const shown = [
      ...form.fields.filter((field) => isRecordField(field) && field.required),
      ...entered.map((name) => known.get(name) ?? fieldByName(name.slice(7))).filter((field) => !field.required),
    ];
    const others = form.fields.filter((field) => !isRecordField(field) && field.type !== "record_type");
    const [advanced, plain] = [others.filter((field) => !field.required), others.filter((field) => field.required)];
    const mapped = shown.map((field) => fieldRow(editor, key, field, { isMapped: true }));
    const plainRows = plain.map((field) => fieldRow(editor, key, field));
    const advancedRows = advanced.map((field) => fieldRow(editor, key, field));
    rows = [...plainRows, ...mapped, ...advancedRows];
    typeNote = h("div", { class: "field-error", role: "status" });
    const recordType = typeField ? recordTypePart(editor, key, typeField, form, typeNote) : null;
    const isReady = !typeField || asText(inputOf(step, typeField.name)) !== "";
    body.replaceChildren(...[
      actionPart(editor, key), recordType, ...plainRows.map((row) => row.dom),
      isReady && (mapped.length > 0 || !store.readOnly) && h("h2", { class: "panel-subtitle" }, "Fields"),
      ...(isReady ? mapped.map((row) => row.dom) : []),
      isReady && !store.readOnly && addFieldPart(editor, key, form.fields, entered),
      h("details", { class: "panel-advanced", open: advanced.some((field) => inputOf(step, field.name) !== undefined) || step.retry !== null },
        h("summary", {}, "Advanced"), ...(isReady ? advancedRows.map((row) => row.dom) : []), retrySection(editor, key), keyPart(key)),
    ].filter((part): part is HTMLElement => Boolean(part)));
    refresh();
    if (wanted) focusField(wanted);
  };
  const load = () => {
    const step = stepOf(store.definition, key);
    if (!step) return;
    editor.forms.load(step).then(draw, (error: unknown) => {
      const words = error instanceof ServerError ? error.message : "The form could not be loaded.";
      body.replaceChildren(h("div", { class: "note note-bad" }, icon("alert-triangle"), h("div", {}, h("p", {}, words),
        h("button", { type: "button", class: "btn btn-sm", onclick: load }, "Try again"))));
    });
  };
  const refresh = () => {
    rows.forEach((row) => row.refresh());
    const found = ofField(store.live.problems, key, "record_type");
    typeNote?.replaceChildren(...found.map((problem) => h("div", {}, besideField(problem))));
    const loose = ofStep(store.live.problems, key).filter((problem) => !problem.field && problem.code !== "record_type_missing");
    dom.querySelector(".panel-problems")?.remove();
    if (loose.length) body.prepend(h("div", { class: "panel-problems" }, loose.map((problem) => h("div", { class: "note note-bad" }, icon("alert-triangle"), h("div", {}, problem.message)))));
  };
  const focusField = (name: string) => {
    wanted = "";
    if (name === "name") return dom.querySelector<HTMLElement>(".panel-name")?.focus();
    const typeInput = name === "record_type" && dom.querySelector<HTMLElement>("[data-field=record_type] input");
    if (typeInput) return typeInput.focus();
    const row = rows.find((it) => name === it.name || name.startsWith(`${it.name}.`) || name.startsWith(`${it.name}[`));
    if (!row) {
      wanted = name; // its form is still on the way
      return;
    }
    const details = row.dom.closest("details");
    if (details) details.open = true;
    row.focus();
    row.dom.scrollIntoView({ block: "nearest" });
  };
  body.append(h("div", { class: "panel-loading", "aria-busy": "true" }, "Loading the form…"));
  load();
  return { dom, refresh, focusField, destroy: () => { isGone = true; rows.forEach((row) => row.destroy()); } };
}

function header(editor: Editor, key: string): HTMLElement {
  const { store } = editor;
  const step = stepOf(store.definition, key)!;
  const action = actionOf(editor, step.type);
  const name = h("input", { class: "panel-name", value: step.name, maxlength: 100, "aria-label": "Step name", placeholder: "Name this step", readonly: store.readOnly });
  name.addEventListener("input", () =>
    store.change(changeStep(store.definition, key, (it) => ({ ...it, name: name.value })), { merge: `${key}.name`, how: "typing" }));
  return h("header", { class: "panel-head" },
    h("span", { class: "node-icon" }, icon(action?.icon ?? "box")),
    h("div", { class: "panel-titles" }, name, h("div", { class: "panel-kind" }, `${action?.provider ?? ""} step`.trim())));
}

function actionPart(editor: Editor, key: string): HTMLElement {
  const { store } = editor;
  const step = stepOf(store.definition, key)!;
  const id = newId("action");
  const select = h("select", { class: "form-select", id, disabled: store.readOnly },
    editor.data.actions.map((action) => h("option", { value: action.type }, `${action.provider}: ${action.title}`)),
    !actionOf(editor, step.type) && h("option", { value: step.type }, step.type));
  select.value = step.type;
  select.addEventListener("change", () => store.change(changeStep(store.definition, key, (it) => ({ ...it, type: select.value }))));
  return h("div", { class: "step-field" }, h("label", { class: "form-label", for: id }, "Action"), select,
    h("div", { class: "field-help" }, actionOf(editor, step.type)?.description));
}

function recordTypePart(editor: Editor, key: string, field: FormField, form: StepForm, note: HTMLElement): HTMLElement {
  const { store } = editor;
  const step = stepOf(store.definition, key)!;
  const labelId = newId("label");
  const value = asText(inputOf(step, field.name));
  const choose = (chosen: string) => {
    if (chosen === value) return;
    let next = changeStep(store.definition, key, (it) => withInput(it, field.name, chosen));
    const summary = actionOf(editor, step.type);
    if (summary && isAutomaticName(step.name, summary.title)) next = changeStep(next, key, (it) => ({ ...it, name: `${verb(summary.title)} ${labelFor(field, chosen)}` }));
    const renamed = stepOf(next, key);
    const isNew = !value;
    if (isNew && renamed && renamed.name !== step.name) {
      const before = new Set(next.steps.map((it) => it.key));
      next = rekeyStep(next, key, renamed.name);
      const added = next.steps.find((it) => !before.has(it.key));
      store.change(next);
      if (added) store.select({ kind: "step", key: added.key }, { field: "record_type" });
      return;
    }
    store.change(next);
  };
  const box = combobox({
    labelId, value, readOnly: store.readOnly, placeholder: "Search record types",
    options: field.choices.map(([choice, label]): Option => ({ value: choice, label, detail: label === choice ? undefined : choice })),
    custom: (text) => (API_NAME.test(text) ? { value: text, label: text, hint: "Use this API name" } : null),
    onChoose: choose,
  });
  return h("div", { class: "step-field", "data-field": "record_type" },
    h("div", { class: "step-field-head" }, h("span", { class: "form-label", id: labelId }, field.label, h("span", { class: "field-required", "aria-label": "required" }, "*")),
      value && h("span", { class: "step-field-type" }, h("code", {}, value))),
    box.dom, note, sourcePart(editor, form, field));
}

function sourcePart(editor: Editor, form: StepForm, field: FormField): HTMLElement {
  if (editor.data.sources.length < 2) return h("div", { class: "field-help" }, field.help);
  const id = newId("source");
  const select = h("select", { class: "form-select form-select-sm", id }, editor.data.sources.map((source) => h("option", { value: source.id }, source.label)));
  select.value = editor.forms.source;
  select.addEventListener("change", () => {
    editor.forms.source = select.value;
    editor.store.select(editor.store.selection, { field: "record_type" });
  });
  return h("div", { class: "step-source" }, h("label", { class: "field-help", for: id }, "Objects and fields as in"), select,
    form.source !== select.selectedOptions[0]?.label && h("div", { class: "field-help" }, `Shown here: ${form.source}.`));
}

function addFieldPart(editor: Editor, key: string, fields: FormField[], entered: string[]): HTMLElement {
  const { store } = editor;
  const labelId = newId("label");
  const left = fields.filter((field) => isRecordField(field) && !field.required && !entered.includes(field.name));
  const box = combobox({
    labelId, isAdder: true, placeholder: "Search by label or API name",
    options: left.map((field) => ({ value: field.name, label: field.label, detail: field.name.slice(7), hint: "" })),
    custom: (text) => {
      const isShown = fields.some((field) => field.name === `fields.${text}` && field.required) || entered.includes(`fields.${text}`);
      return API_NAME.test(text) && !isShown ? { value: `fields.${text}`, label: text, hint: "Add this API name" } : null;
    },
    onChoose: (name) => {
      store.change(changeStep(store.definition, key, (step) => withInput(step, name, "")));
      store.select(store.selection, { field: name });
    },
  });
  return h("div", { class: "step-add-field" }, h("span", { class: "form-label", id: labelId }, icon("plus"), "Add a field"), box.dom);
}

function keyPart(key: string): HTMLElement {
  return h("div", { class: "field-help" }, "Later steps read what this one gives as ", h("code", {}, `{{ steps.${key} }}`), ".");
}

function labelFor(field: FormField, value: string): string {
  return field.choices.find(([choice]) => choice === value)?.[1] ?? value;
}

/** "Create record" gives Create: the name of a step that nobody has named is made of it and of the record type. */
function verb(title: string): string {
  return title.split(" ")[0] ?? title;
}

function isAutomaticName(name: string, title: string): boolean {
  return name.trim() === "" || name.replace(/ \d+$/, "") === title;
}
