/** The trigger's panel: which App Event starts the workflow, what it looks like, and making a new one on the spot. */
import { icon } from "../components/icons";
import { colourJson } from "../components/json-view";
import { toast } from "../components/toasts";
import { mountJsonEditor } from "../json-editor/json-editor";
import { combobox } from "./combobox";
import type { Editor, Panel } from "./context";
import { h, newId } from "./dom";
import { ofTrigger } from "./problems";
import { postJson, ServerError } from "./server";
import type { AppEventInfo } from "./types";

const NEW_EXAMPLE = `{
  "id": "42",
  "first_name": "Ada",
  "last_name": "Lovelace",
  "email": "ada@example.com",
  "company": "Analytical Engines",
  "title": "Countess"
}`;

export function triggerPanel(editor: Editor): Panel {
  const { store, data } = editor;
  const labelId = newId("label");
  const note = h("div", { class: "field-error", role: "status" });
  const sample = h("div", { class: "trigger-sample" });
  const creation = h("div", {});
  const chosen = () => store.definition.trigger?.app_event ?? "";
  const choose = (name: string) => store.change({ ...store.definition, trigger: { type: "app_event", app_event: name } });
  const box = combobox({
    labelId, value: chosen(), readOnly: store.readOnly, placeholder: data.appEvents.length ? "Choose an App Event" : "There is none yet",
    options: data.appEvents.map((event) => ({ value: event.name, label: event.name, hint: event.description })),
    onChoose: choose,
  });
  const newButton = h("button", { type: "button", class: "btn w-100", onclick: () => startCreation() }, icon("plus"), "New App Event");

  function startCreation(): void {
    newButton.hidden = true;
    creation.replaceChildren(creationForm(editor, (made) => {
      creation.replaceChildren();
      data.appEvents.push(made);
      choose(made.name);
      toast(`“${made.name}” is ready to be sent.`);
    }, () => {
      creation.replaceChildren();
      newButton.hidden = false;
      newButton.focus();
    }));
    creation.querySelector("input")?.focus();
  }

  const dom = h("div", { class: "panel-content" },
    h("header", { class: "panel-head" }, h("span", { class: "node-icon node-icon-trigger" }, icon("bolt")),
      h("div", { class: "panel-titles" }, h("h2", {}, "Trigger"), h("div", { class: "panel-kind" }, "What starts this workflow"))),
    h("div", { class: "panel-body" },
      h("div", { class: "step-field", "data-field": "trigger" },
        h("span", { class: "form-label", id: labelId }, "App Event", h("span", { class: "field-required", "aria-label": "required" }, "*")),
        box.dom, note, h("div", { class: "field-help" }, "The workflow starts each time your app sends this event for a user who has switched it on.")),
      sample, !store.readOnly && newButton, creation));

  const refresh = () => {
    note.replaceChildren(...ofTrigger(store.live.problems).map((problem) => h("div", {}, problem.message)));
    const name = chosen();
    const info = data.appEvents.find((event) => event.name === name);
    if (!name || !info || store.live.example === null) return sample.replaceChildren();
    const text = JSON.stringify(store.live.example, null, 2);
    const pre = h("pre", { class: "json-view", tabindex: 0, "aria-label": "Example payload" });
    pre.append(colourJson(text.length > 20_000 ? `${text.slice(0, 20_000)}…` : text));
    sample.replaceChildren(h("div", { class: "form-label" }, "Example payload"), pre,
      h("div", { class: "field-help" }, "Steps can read these fields. ", info.url && h("a", { href: info.url }, "Edit this App Event")));
  };
  refresh();
  return { dom, refresh, focusField: () => box.input.focus(), destroy: () => undefined };
}

function creationForm(editor: Editor, onMade: (made: AppEventInfo) => void, onCancel: () => void): HTMLElement {
  const nameId = newId("event-name");
  const areaId = newId("event-example");
  const noteId = newId("event-problem");
  const name = h("input", { class: "form-control", id: nameId, maxlength: 100, placeholder: "Lead Created", autocomplete: "off", "aria-describedby": `${nameId}-note` });
  const nameNote = h("div", { class: "field-error", id: `${nameId}-note`, role: "status" });
  const area = h("textarea", { class: "form-control font-monospace", id: areaId, rows: 9, spellcheck: "false" });
  area.value = NEW_EXAMPLE;
  const jsonRoot = h("div", { class: "field json-editor" },
    h("label", { class: "form-label", for: areaId }, "Example payload", h("span", { class: "field-required", "aria-hidden": "true" }, "*")), area,
    h("div", { class: "field-error json-editor-problem", id: noteId, "data-json-problem": true, role: "status" }));
  const create = h("button", { type: "submit", class: "btn btn-primary" }, "Create App Event");
  const form = h("form", { class: "trigger-new", novalidate: true, "aria-label": "New App Event" },
    h("div", { class: "field" }, h("label", { class: "form-label", for: nameId }, "Name", h("span", { class: "field-required", "aria-hidden": "true" }, "*")), name, nameNote,
      h("div", { class: "field-help" }, "Your app sends events by this very name.")),
    jsonRoot, h("div", { class: "form-foot" }, create, h("button", { type: "button", class: "btn btn-link link-secondary", onclick: onCancel }, "Cancel")));
  const json = mountJsonEditor(jsonRoot);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    nameNote.textContent = name.value.trim() ? "" : "Give it a name.";
    if (nameNote.textContent) return name.focus();
    if (json?.problem()) return json.view.focus();
    create.disabled = true;
    postJson<AppEventInfo>(editor.data.urls.appEvents, { name: name.value, description: "", example: area.value }).then(onMade, (error: unknown) => {
      create.disabled = false;
      const fields = error instanceof ServerError ? ((error.body.error as { fields?: Record<string, string[]> } | undefined)?.fields ?? {}) : {};
      nameNote.textContent = fields.name?.join(" ") ?? (fields.example ? "" : (error as Error).message);
      const problem = jsonRoot.querySelector("[data-json-problem]");
      if (fields.example && problem) problem.textContent = fields.example.join(" ");
    });
  });
  return form;
}
