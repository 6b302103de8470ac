// The rows of the Configuration tab: switch a workflow, save its settings, follow changes made elsewhere.
import { explain } from "./errors";
import { isDirty, keep, readValues, showFaults, toldValues } from "./forms";
import type { Portal } from "./portal";
import type { WorkflowState } from "./state";

/** Bring the rows to what the SDK says now: a switch is turned in place, changed settings are fetched. */
export function followUpdate(portal: Portal, before: Map<string, WorkflowState>, now: Map<string, WorkflowState>): void {
  for (const [id, state] of now) {
    const row = document.getElementById(`workflow-${id}`);
    if (!row) continue;
    if (row.dataset["enabled"] !== String(state.enabled)) turn(row, state.enabled);
    const form = formOf(row);
    const isEdited = form !== null && (isDirty(form) || row.dataset["saving"] !== undefined);
    if (form && !isEdited && before.get(id)?.settings !== state.settings) portal.reloadRow(id);
  }
}

export async function toggle(portal: Portal, button: HTMLButtonElement): Promise<void> {
  const row = button.closest<HTMLElement>("[data-workflow]");
  if (!row || button.getAttribute("aria-busy") === "true") return;
  const id = row.dataset["workflow"] ?? "";
  const enables = row.dataset["enabled"] !== "true";
  const form = formOf(row);
  if (enables && form) {
    const faulty = showFaults(form, true);
    if (faulty) {
      faulty.focus();
      return;
    }
    if (isDirty(form) && !(await save(portal, row))) return;
  }
  button.setAttribute("aria-busy", "true");
  say(row, "");
  try {
    await portal.bridge.invoke(enables ? "enableWorkflow" : "disableWorkflow", [id, portal.selection]);
    await portal.tellWorkflowChange(id, { enabled: enables });
    turn(row, enables);
  } catch (error) {
    say(row, explain(error)?.text ?? "", "bad");
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Save the row's form; whether it was stored. */
export async function save(portal: Portal, row: HTMLElement): Promise<boolean> {
  const form = formOf(row);
  if (!form || !portal.state) return false;
  const faulty = showFaults(form, row.dataset["enabled"] === "true");
  if (faulty) {
    faulty.focus();
    return false;
  }
  const id = row.dataset["workflow"] ?? "";
  const values = readValues(form);
  const button = form.querySelector<HTMLButtonElement>("[data-save]");
  if (button) button.disabled = true;
  say(row, "");
  row.dataset["saving"] = "";
  try {
    const result = await portal.bridge.invoke("updateWorkflowUserSettings", [portal.state.type, id, values, portal.selection]);
    const errors = (result as { errors?: string[] } | undefined)?.errors ?? [];
    if (errors.length > 0) throw new Error(errors.join(" "));
    await portal.tellWorkflowChange(id, { settings: toldValues(form, values) });
    keep(form, values);
    say(row, "Saved.", "ok");
    return true;
  } catch (error) {
    say(row, explain(error)?.text ?? "", "bad");
    return false;
  } finally {
    delete row.dataset["saving"];
    if (button) button.disabled = !isDirty(form);
  }
}

export function onInput(target: Element): void {
  const form = target.closest<HTMLFormElement>("form[data-settings]");
  const button = form?.querySelector<HTMLButtonElement>("[data-save]");
  if (!form || !button) return;
  button.disabled = !isDirty(form);
  if (target.getAttribute("aria-invalid") === "true") showFaults(form, true);
}

function turn(row: HTMLElement, enabled: boolean): void {
  row.dataset["enabled"] = String(enabled);
  row.querySelector("[data-switch]")?.setAttribute("aria-checked", String(enabled));
}

function say(row: HTMLElement, text: string, tone = ""): void {
  const message = row.querySelector<HTMLElement>("[data-message]");
  if (!message) return;
  message.textContent = text;
  message.dataset["tone"] = tone;
}

function formOf(row: HTMLElement): HTMLFormElement | null {
  return row.querySelector<HTMLFormElement>("form[data-settings]");
}
