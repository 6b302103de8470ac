/** The forms of steps: asked for once for each action, record type and source. */
import { postJson } from "./server";
import type { FormField, Json, Step, StepForm } from "./types";

export class FormLoader {
  private known = new Map<string, Promise<StepForm>>();

  constructor(private readonly url: string, public source: string) {}

  load(step: Step): Promise<StepForm> {
    const { fields: _, ...deciding } = step.inputs;
    const key = JSON.stringify([step.type, deciding, this.source]);
    let form = this.known.get(key);
    if (!form) {
      form = postJson<StepForm>(this.url, { type: step.type, inputs: deciding, source: this.source });
      form.catch(() => this.known.delete(key));
      this.known.set(key, form);
    }
    return form;
  }
}

export const isRecordField = (field: FormField): boolean => field.name.startsWith("fields.");

/** A field that no describe lists, added by its API name. */
export function fieldByName(name: string): FormField {
  return {
    name: `fields.${name}`, label: name, type: "text", required: false, choices: [], free_choice: true, max_length: null,
    takes_variables: true, group: "", help: "Added by its API name; the describe at hand does not list it.",
  };
}

/** How an input's value stands in its editor. */
export function asText(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What the editor's text means for a field of that type: a number and a boolean keep their JSON type. */
export function asValue(text: string, field: FormField): Json {
  const trimmed = text.trim();
  if (field.type === "boolean" && (trimmed === "true" || trimmed === "false")) return trimmed === "true";
  if (field.type === "number" && trimmed !== "" && String(Number(trimmed)) === trimmed) return Number(trimmed);
  return text;
}

export function typeInWords(field: FormField): string {
  const words: Record<string, string> = {
    text: "Text", textarea: "Long text", number: "Number", boolean: "Checkbox", date: "Date", datetime: "Date and time",
    select: "Picklist", email: "E-mail", url: "URL", id: "Record id", record_type: "Record type",
  };
  return words[field.type] ?? field.type;
}
