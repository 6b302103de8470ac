/** User settings: what the end user is asked for in the portal, to be read as `{{ settings.id }}`. */
import { icon } from "../components/icons";
import type { Editor, Panel } from "./context";
import { uniqueKey } from "./definition";
import { h, newId } from "./dom";
import { ofField } from "./problems";
import type { Setting } from "./types";

const TYPES: [type: string, label: string][] = [
  ["TEXT_NO_VARS", "Text"],
  ["TEXTAREA_NO_VARS", "Long text"],
  ["NUMBER", "Number"],
  ["ENUM", "Choice"],
  ["BOOLEAN_INPUT", "Switch"],
  ["EMAIL", "E-mail address"],
  ["URL", "URL"],
  ["PASSWORD", "Password"],
];
const ID = /^[A-Za-z0-9_-]{1,64}$/;

export function settingsPanel(editor: Editor): Panel {
  const { store } = editor;
  const list = h("div", { class: "settings-list" });
  const notes = new Map<string, HTMLElement>();
  const dom = h("div", { class: "panel-content" },
    h("header", { class: "panel-head" }, h("span", { class: "node-icon node-icon-settings" }, icon("adjustments-horizontal")),
      h("div", { class: "panel-titles" }, h("h2", {}, "User settings"), h("div", { class: "panel-kind" }, "What your end users fill in"))),
    h("div", { class: "panel-body" },
      h("p", { class: "field-help" }, "Each user is asked for these in the Connect Portal, before the workflow can be switched on."), list,
      !store.readOnly && h("button", { type: "button", class: "btn w-100", onclick: () => add() }, icon("plus"), "Add a setting")));

  const put = (at: number, change: Partial<Setting>, merge?: string) => {
    const settings = store.definition.settings.map((setting, index) => (index === at ? { ...setting, ...change } : setting));
    store.change({ ...store.definition, settings }, merge ? { merge: `settings.${at}.${merge}`, how: "typing" } : {});
  };
  const add = () => {
    const taken = store.definition.settings.map((setting) => setting.id);
    const setting: Setting = { id: uniqueKey("setting", taken), title: "", type: "TEXT_NO_VARS", required: true };
    store.change({ ...store.definition, settings: [...store.definition.settings, setting] });
    store.select({ kind: "settings" }, { field: `settings.${setting.id}` });
  };
  const draw = () => {
    notes.clear();
    list.replaceChildren(...store.definition.settings.map((setting, at) => card(setting, at)));
    if (!store.definition.settings.length) list.append(h("p", { class: "settings-none" }, "None yet. Ask for a text, a choice or a switch, and read it as a variable in any step."));
  };
  const card = (setting: Setting, at: number): HTMLElement => {
    const ids = { title: newId("setting"), id: newId("setting"), type: newId("setting"), help: newId("setting"), initial: newId("setting") };
    const note = h("div", { class: "field-error", role: "status" });
    notes.set(setting.id, note);
    const title = h("input", { class: "form-control", id: ids.title, value: setting.title, maxlength: 100, placeholder: "Lead source", readonly: store.readOnly, "data-focus": `settings.${setting.id}` });
    const id = h("input", { class: "form-control mono", id: ids.id, value: setting.id, maxlength: 64, readonly: store.readOnly, spellcheck: "false" });
    let idIsMade = /^setting(_\d+)?$/.test(setting.id) && !isRead(editor, setting.id);
    title.addEventListener("input", () => {
      const change: Partial<Setting> = { title: title.value };
      if (idIsMade && title.value.trim()) {
        change.id = uniqueKey(title.value, store.definition.settings.filter((_, index) => index !== at).map((other) => other.id));
        id.value = change.id;
        notes.set(change.id, note);
      }
      put(at, change, "title");
    });
    id.addEventListener("input", () => {
      idIsMade = false;
      const isFine = ID.test(id.value) && !store.definition.settings.some((other, index) => index !== at && other.id === id.value);
      note.textContent = isFine ? "" : "Letters, digits, _ and -; each id once.";
      if (!isFine) return;
      notes.set(id.value, note);
      put(at, { id: id.value }, "id");
    });
    const type = h("select", { class: "form-select", id: ids.type, "data-keep": `type.${at}`, disabled: store.readOnly }, TYPES.map(([value, label]) => h("option", { value }, label)),
      !TYPES.some(([value]) => value === setting.type) && h("option", { value: setting.type }, setting.type));
    type.value = setting.type;
    type.addEventListener("change", () => {
      const { default: _, values, ...rest } = store.definition.settings[at]!;
      const choices = type.value === "ENUM" ? { values: values ?? [{ value: "", label: "" }] } : {};
      const next: Setting = { ...rest, type: type.value, ...choices };
      store.change({ ...store.definition, settings: store.definition.settings.map((other, index) => (index === at ? next : other)) });
    });
    const help = h("input", { class: "form-control", id: ids.help, value: setting.subtitle ?? "", maxlength: 300, readonly: store.readOnly });
    help.addEventListener("input", () => put(at, { subtitle: help.value }, "subtitle"));
    const required = h("input", { type: "checkbox", class: "form-check-input", disabled: store.readOnly });
    required.checked = setting.required;
    required.addEventListener("change", () => put(at, { required: required.checked }, "required"));
    return h("section", { class: "setting-card", "aria-label": setting.title || setting.id },
      h("div", { class: "setting-grid" },
        h("div", {}, h("label", { class: "form-label", for: ids.title }, "Title"), title),
        h("div", {}, h("label", { class: "form-label", for: ids.type }, "Type"), type),
        h("div", {}, h("label", { class: "form-label", for: ids.id }, "Id"), id),
        h("div", {}, h("label", { class: "form-label", for: ids.help }, "Help"), help)),
      setting.type === "ENUM" && choicesPart(editor, setting, (values) => put(at, { values }), (values) => put(at, { values }, "values")),
      note,
      h("div", { class: "setting-foot" },
        h("label", { class: "form-check mb-0" }, required, h("span", { class: "form-check-label" }, "Required")),
        h("code", { class: "setting-path" }, `{{ settings.${setting.id} }}`),
        !store.readOnly && h("button", {
          type: "button", class: "btn-mark", "aria-label": `Remove ${setting.title || setting.id}`, title: "Remove",
          onclick: () => store.change({ ...store.definition, settings: store.definition.settings.filter((_, index) => index !== at) }),
        }, icon("trash"))));
  };
  const refresh = () => {
    for (const [id, note] of notes) {
      const found = ofField(store.live.problems, null, `settings.${id}`);
      if (found.length || note.textContent?.includes("setting")) note.textContent = found.map((problem) => problem.message).join(" ");
    }
  };
  draw();
  refresh();
  return {
    dom, refresh,
    focusField: (name) => [...list.querySelectorAll<HTMLElement>("[data-focus]")].find((element) => element.dataset.focus === name)?.focus(),
    destroy: () => undefined,
  };
}

type Values = NonNullable<Setting["values"]>;

function choicesPart(editor: Editor, setting: Setting, redraw: (values: Values) => void, type: (values: Values) => void): HTMLElement {
  const values = setting.values ?? [];
  const current = values.map((choice) => ({ ...choice }));
  const readOnly = editor.store.readOnly;
  const rows = current.map((choice, at) => {
    const value = h("input", { class: "form-control", value: choice.value, "aria-label": `Value ${at + 1}`, placeholder: "value", readonly: readOnly });
    const label = h("input", { class: "form-control", value: choice.label, "aria-label": `Label ${at + 1}`, placeholder: "What the user reads", readonly: readOnly });
    value.addEventListener("input", () => {
      choice.value = value.value;
      type(current.map((it) => ({ ...it })));
    });
    label.addEventListener("input", () => {
      choice.label = label.value;
      type(current.map((it) => ({ ...it })));
    });
    return h("div", { class: "choice-row" }, value, label, !readOnly && h("button", {
      type: "button", class: "btn-mark", "aria-label": `Remove choice ${at + 1}`, onclick: () => redraw(current.filter((_, index) => index !== at)),
    }, icon("x")));
  });
  return h("div", { class: "setting-choices" }, h("span", { class: "form-label" }, "Choices"), rows,
    !readOnly && h("button", { type: "button", class: "btn btn-sm", "data-keep": `add-choice.${setting.id}`, onclick: () => redraw([...current, { value: "", label: "" }]) }, icon("plus"), "Add a choice"));
}

function isRead(editor: Editor, id: string): boolean {
  return JSON.stringify(editor.store.definition.steps).includes(`settings.${id}`);
}
