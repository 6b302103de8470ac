/** The workflow's own panel: what is missing, what the end user reads, the order of runs, and the keys. */
import { icon } from "../components/icons";
import type { Details } from "./details";
import type { Editor, Panel } from "./context";
import { h, newId } from "./dom";
import { ofField, targetOf } from "./problems";
import { templateInput } from "./template-input";
import type { Problem } from "./types";
import { labelOf, readableAt } from "./variables";

const KEYS: [string, string][] = [
  ["↑ ↓", "from card to card"],
  ["Enter", "open the card"],
  ["Alt ↑ ↓", "move the step"],
  ["Delete", "delete the step"],
  ["Esc", "back to the cards"],
  ["Ctrl Z", "undo; with Shift: redo"],
  ["{{ or <<", "variables, in any input"],
];

const MAX_LIMIT = 1_000;

export function workflowPanel(editor: Editor, details: Details): Panel {
  const { store } = editor;
  const problems = h("div", {});
  const descriptionId = newId("description");
  const orderId = newId("order");
  const orderNote = h("div", { class: "field-error", id: newId("note"), role: "status" });
  const limitId = newId("limit");
  const limitNote = h("div", { class: "field-error", id: newId("note"), role: "status" });
  const description = h("textarea", { class: "form-control", id: descriptionId, rows: 3, maxlength: 300, readonly: store.readOnly, placeholder: "Creates a lead for every contact request" });
  description.value = details.description;
  description.addEventListener("input", () => details.change({ description: description.value }));
  const order = templateInput({
    value: store.definition.order_by ?? "", labelId: orderId, describedBy: orderNote.id, readOnly: store.readOnly,
    placeholder: "{{ for a variable", filters: editor.data.filters, choices: [], takesVariables: true,
    variables: () => readableAt(store.live.variables, store.definition, 0),
    lookOf: (it) => ({ label: labelOf(store.live.variables, it.path), problem: ofField(store.live.problems, null, "order_by").find((p) => p.message.includes(`${it.path} is not known`))?.message ?? "" }),
    onChange: (text) => store.change({ ...store.definition, order_by: text.trim() ? text : null }, { merge: "order_by", how: "typing" }),
  });
  const limit = h("input", { class: "form-control", id: limitId, type: "number", min: 1, max: MAX_LIMIT, step: 1, inputmode: "numeric", placeholder: "No limit", value: store.definition.concurrency ?? "", readonly: store.readOnly, "aria-describedby": limitNote.id });
  limit.addEventListener("input", () => {
    const number = limitIn(limit);
    const isWrong = number === undefined;
    limit.classList.toggle("is-invalid", isWrong);
    limit.setAttribute("aria-invalid", String(isWrong));
    limitNote.textContent = isWrong ? `A whole number from 1 to ${MAX_LIMIT.toLocaleString("en")}, or nothing for no limit.` : "";
    if (!isWrong) store.change({ ...store.definition, concurrency: number }, { merge: "concurrency", how: "typing" });
  });
  const dom = h("div", { class: "panel-content" },
    h("header", { class: "panel-head" }, h("span", { class: "node-icon" }, icon("route")), h("div", { class: "panel-titles" }, h("h2", {}, "This workflow"), h("div", { class: "panel-kind" }, editor.data.provider.name))),
    h("div", { class: "panel-body" }, problems,
      h("div", { class: "step-field" }, h("label", { class: "form-label", for: descriptionId }, "Description for the end user"), description,
        h("div", { class: "field-help" }, "Stands beside the workflow's switch in the Connect Portal.")),
      h("details", { class: "panel-advanced", open: store.definition.order_by !== null || store.definition.concurrency !== null }, h("summary", {}, "Advanced"),
        h("div", { class: "step-field", "data-field": "order_by" }, h("span", { class: "form-label", id: orderId }, "Keep in order by"), order.dom, orderNote,
          h("div", { class: "field-help" }, "Runs for which this gives the same text wait for each other, for example all events of one record.")),
        h("div", { class: "step-field", "data-field": "concurrency" }, h("label", { class: "form-label", for: limitId }, "Calls at a time"), limit, limitNote,
          h("div", { class: "field-help" }, "At most so many calls of this workflow go on at once, over all accounts. One call may serve many runs of an account. The others wait their turn."))),
      !store.readOnly && h("section", { class: "panel-keys" }, h("h3", { class: "panel-subtitle" }, "By keyboard"),
        h("dl", {}, KEYS.map(([key, words]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, words)])))));
  const refresh = () => {
    problems.replaceChildren(problemList(editor, store.live.problems));
    const about = ofField(store.live.problems, null, "order_by");
    orderNote.textContent = about.map((problem) => problem.message).join(" ");
    order.refresh(about.length > 0);
  };
  refresh();
  const focusField = (name: string) => {
    if (name === "order_by") order.focus();
    if (name === "concurrency") limit.focus();
  };
  return { dom, refresh, focusField, destroy: () => order.destroy() };
}

/** The limit that stands in the input: null when it is empty, undefined when it is none. */
function limitIn(input: HTMLInputElement): number | null | undefined {
  if (input.value === "" && !input.validity.badInput) return null;
  const number = Number(input.value);
  return !input.validity.badInput && Number.isInteger(number) && number >= 1 && number <= MAX_LIMIT ? number : undefined;
}

/** Each problem as a button that leads to where it is mended. */
export function problemList(editor: Editor, problems: Problem[], onGo?: () => void): HTMLElement {
  if (!problems.length) {
    if (editor.data.version) return h("div", { class: "note" }, icon("snowflake"), h("div", {}, "A version is frozen: it can be looked at, and restored into the draft."));
    return h("div", { class: "note note-ok" }, icon("circle-check"), h("div", {}, "Nothing is missing. This draft can be deployed."));
  }
  const go = (problem: Problem) => {
    onGo?.();
    const { selection, field } = targetOf(problem);
    editor.store.select(selection, { field });
  };
  return h("section", { class: "problem-list", "aria-label": "What is missing" },
    h("h3", { class: "panel-subtitle" }, problems.length === 1 ? "One thing is missing" : `${problems.length} things are missing`),
    h("ul", {}, problems.map((problem) => h("li", {}, h("button", { type: "button", onclick: () => go(problem) }, icon("alert-circle"), h("span", {}, inWords(editor, problem)))))));
}

function inWords(editor: Editor, problem: Problem): string {
  const step = editor.store.definition.steps.find((it) => it.key === problem.step_key);
  return step?.name ? `${step.name}: ${problem.message}` : problem.message;
}
