/** Changes to a definition, each giving a new one: nothing here changes what it was given. */
import type { Definition, Json, Step } from "./types";

const FIELDS = "fields.";

export function emptyStep(type: string, name: string, taken: Iterable<string>): Step {
  return { key: uniqueKey(name, taken), type, name, inputs: {}, required_inputs: [], retry: null };
}

/** "Create a Lead" gives create_lead, or create_lead_2 where that is taken. Keys stay when names change: paths name them. */
export function uniqueKey(name: string, taken: Iterable<string>): string {
  const words = name.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase().replace(/\b(a|an|the)\b/g, " ");
  let base = words.replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "").slice(0, 60) || "step";
  if (/^\d/.test(base)) base = `step_${base}`;
  const used = new Set(taken);
  let key = base;
  for (let number = 2; used.has(key); number++) key = `${base}_${number}`;
  return key;
}

export function keysOf(definition: Definition): string[] {
  return definition.steps.map((step) => step.key);
}

export function positionOf(definition: Definition, key: string): number {
  return definition.steps.findIndex((step) => step.key === key);
}

export function stepOf(definition: Definition, key: string): Step | undefined {
  return definition.steps.find((step) => step.key === key);
}

export function insertStep(definition: Definition, at: number, step: Step): Definition {
  return { ...definition, steps: [...definition.steps.slice(0, at), step, ...definition.steps.slice(at)] };
}

export function removeStep(definition: Definition, key: string): Definition {
  return { ...definition, steps: definition.steps.filter((step) => step.key !== key) };
}

/** The step stands at `to` afterwards, counted in the list without it. */
export function moveStep(definition: Definition, key: string, to: number): Definition {
  const step = stepOf(definition, key);
  const from = positionOf(definition, key);
  const at = Math.max(0, Math.min(to, definition.steps.length - 1));
  return !step || at === from ? definition : insertStep(removeStep(definition, key), at, step);
}

/** The copy follows its original, under a name and a key of its own. */
export function duplicateStep(definition: Definition, key: string): { definition: Definition; copy: Step | null } {
  const step = stepOf(definition, key);
  if (!step) return { definition, copy: null };
  const name = `${step.name || step.key} (copy)`.slice(0, 100);
  const copy = { ...structuredClone(step), name, key: uniqueKey(`${step.key}_copy`, keysOf(definition)) };
  return { definition: insertStep(definition, positionOf(definition, key) + 1, copy), copy };
}

export function changeStep(definition: Definition, key: string, change: (step: Step) => Step): Definition {
  return { ...definition, steps: definition.steps.map((step) => (step.key === key ? change(step) : step)) };
}

/** Another key for a step, as long as no template reads from it. */
export function rekeyStep(definition: Definition, key: string, name: string): Definition {
  if (isRead(definition, key)) return definition;
  const wanted = uniqueKey(name, keysOf(definition).filter((other) => other !== key));
  return changeStep(definition, key, (step) => ({ ...step, key: wanted }));
}

export function isRead(definition: Definition, key: string): boolean {
  const texts = JSON.stringify([definition.steps.map((step) => step.inputs), definition.order_by]);
  return new RegExp(`\\bsteps\\.${key}\\b`).test(texts);
}

export function inputOf(step: Step, name: string): Json | undefined {
  if (!name.startsWith(FIELDS)) return step.inputs[name];
  const fields = step.inputs.fields;
  return isObject(fields) ? fields[name.slice(FIELDS.length)] : undefined;
}

/** The step with that input; undefined takes the input away, and its mark as required with it. */
export function withInput(step: Step, name: string, value: Json | undefined): Step {
  const inputs = { ...step.inputs };
  if (name.startsWith(FIELDS)) inputs.fields = put(isObject(inputs.fields) ? inputs.fields : {}, name.slice(FIELDS.length), value);
  else if (value === undefined) delete inputs[name];
  else inputs[name] = value;
  const required_inputs = value === undefined ? step.required_inputs.filter((other) => other !== name) : step.required_inputs;
  return { ...step, inputs, required_inputs };
}

export function withRequired(step: Step, name: string, isRequired: boolean): Step {
  const others = step.required_inputs.filter((other) => other !== name);
  return { ...step, required_inputs: isRequired ? [...others, name] : others };
}

export function fieldNames(step: Step): string[] {
  return isObject(step.inputs.fields) ? Object.keys(step.inputs.fields) : [];
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function put(fields: { [key: string]: Json }, name: string, value: Json | undefined): { [key: string]: Json } {
  const changed = { ...fields };
  if (value === undefined) delete changed[name];
  else changed[name] = value;
  return changed;
}
