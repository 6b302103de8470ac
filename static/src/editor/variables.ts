/** The variable menu's contents: what may be read at a place, filtered while one types. */
import { samePath } from "./templates";
import type { Definition, VariableGroup, VariableItem } from "./types";

/** What the step at `position` may read: everything but the outputs of itself and of the steps after it. */
export function readableAt(groups: VariableGroup[], definition: Definition, position: number): VariableGroup[] {
  const upstream = new Set(definition.steps.slice(0, position).map((step) => step.key));
  return groups.filter((group) => group.root !== "steps" || upstream.has(stepKeyOf(group)));
}

function stepKeyOf(group: VariableGroup): string {
  return /^steps\.([\w-]+)/.exec(group.items[0]?.path ?? "")?.[1] ?? "";
}

/** Groups with the items that hold every word of `query` in label, path, sample or group; the best first in each. */
export function filterVariables(groups: VariableGroup[], query: string): VariableGroup[] {
  groups = groups.map((group) => ({ ...group, items: wholeLast(group.items) }));
  const words = query.toLowerCase().split(/[\s›]+/).filter(Boolean);
  if (!words.length) return groups.filter((group) => group.items.length);
  return groups
    .map((group) => {
      const found = group.items.filter((item) => {
        const sample = item.type === "object" || item.type === "list" ? "" : item.sample;
        const text = `${group.title} ${item.label} ${item.path} ${sample}`.toLowerCase();
        return words.every((word) => text.includes(word));
      });
      return { ...group, items: found.sort((a, b) => rank(a, words) - rank(b, words)) };
    })
    .filter((group) => group.items.length);
}

/** "The whole event" comes first from the server, and is seldom what one wants. */
function wholeLast(items: VariableItem[]): VariableItem[] {
  const [first, second] = items;
  return first && second?.path.startsWith(first.path) && first.path !== second.path ? [...items.slice(1), first] : items;
}

function rank(item: VariableItem, words: string[]): number {
  const label = item.label.toLowerCase();
  const path = item.path.toLowerCase();
  if (words.every((word) => label.startsWith(word) || path === word)) return 0;
  return words.every((word) => label.includes(word)) ? 1 : words.every((word) => path.includes(word)) ? 2 : 3;
}

/** "Lead Created › last_name" for a known path, the path itself for any other. */
export function labelOf(groups: VariableGroup[], path: string): string {
  for (const group of groups) {
    const item = group.items.find((candidate) => samePath(candidate.path, path));
    if (item) return `${shortTitle(group)} › ${item.label}`;
  }
  return path;
}

export function shortTitle(group: VariableGroup): string {
  return group.title.replace(/^App Event: /, "").replace(/^\d+\. /, "");
}
