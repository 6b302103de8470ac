/** Which problems belong where, and what to select to mend them. */
import type { Problem, Selection } from "./types";

export function ofStep(problems: Problem[], key: string): Problem[] {
  return problems.filter((problem) => problem.step_key === key);
}

export function ofField(problems: Problem[], key: string | null, field: string): Problem[] {
  return problems.filter((problem) => problem.step_key === key && (problem.field === field || isBelow(problem.field, field)));
}

export function ofTrigger(problems: Problem[]): Problem[] {
  return problems.filter((problem) => problem.step_key === null && problem.field === "trigger");
}

export function ofSettings(problems: Problem[]): Problem[] {
  return problems.filter((problem) => problem.step_key === null && problem.field?.startsWith("settings."));
}

/** A message less the input's own name at its start, for where it stands beside that input. */
export function besideField(problem: Problem): string {
  const name = problem.field ?? "";
  const prefix = [name, name.replace(/^fields\./, "")].find((it) => it && problem.message.startsWith(`${it}: `));
  return prefix ? problem.message.slice(prefix.length + 2) : problem.message;
}

export function targetOf(problem: Problem): { selection: Selection; field?: string } {
  const field = problem.field ?? undefined;
  if (problem.step_key) return { selection: { kind: "step", key: problem.step_key }, field };
  if (field === "trigger") return { selection: { kind: "trigger" }, field };
  if (field?.startsWith("settings.")) return { selection: { kind: "settings" }, field };
  return { selection: { kind: "workflow" }, field };
}

/** An input may hold a list or an object: its parts' problems are shown at it. */
function isBelow(place: string | null, field: string): boolean {
  return Boolean(place && (place.startsWith(`${field}[`) || place.startsWith(`${field}.`)));
}
