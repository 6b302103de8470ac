import { describe, expect, it } from "vitest";

import type { Definition, Step, VariableGroup } from "./types";
import { filterVariables, labelOf, readableAt } from "./variables";

const item = (path: string, label: string, sample = "") => ({ path, label, sample, type: "text" });
const GROUPS: VariableGroup[] = [
  {
    title: "App Event: Lead Created", root: "trigger",
    items: [item("trigger", "The whole event", "{…}"), item("trigger.email", "email", "bo@example.com"), item("trigger.last_name", "last_name", "Lind"), item("trigger.last_seen.at", "last_seen.at")],
  },
  { title: "1. Create Lead", root: "steps", items: [item("steps.create_lead", "All that it gave"), item("steps.create_lead.id", "id", "00Q…")] },
  { title: "User", root: "user", items: [item("user.id", "Id")] },
];
const step = (key: string): Step => ({ key, type: "x.y", name: key, inputs: {}, required_inputs: [], retry: null });
const found = (query: string) => filterVariables(GROUPS, query).flatMap((group) => group.items.map((it) => it.path));

describe("filterVariables", () => {
  it("shows everything at first, the whole of a group last", () => {
    expect(filterVariables(GROUPS, "")[0]!.items.map((it) => it.path)).toEqual(["trigger.email", "trigger.last_name", "trigger.last_seen.at", "trigger"]);
  });

  it("finds by label, path, sample and group", () => {
    expect(found("last_n")).toEqual(["trigger.last_name"]);
    expect(found("trigger.em")).toEqual(["trigger.email"]);
    expect(found("bo@")).toEqual(["trigger.email"]);
    expect(found("create lead id")).toEqual(["steps.create_lead.id"]);
  });

  it("leaves out groups in which nothing is found", () => {
    expect(filterVariables(GROUPS, "email").map((group) => group.title)).toEqual(["App Event: Lead Created"]);
    expect(filterVariables(GROUPS, "zebra")).toEqual([]);
  });
});

describe("readableAt", () => {
  const definition: Definition = { trigger: null, steps: [step("create_lead"), step("second")], settings: [], order_by: null, concurrency: null };

  it("offers a step what stands above it, and never itself", () => {
    expect(readableAt(GROUPS, definition, 0).map((group) => group.root)).toEqual(["trigger", "user"]);
    expect(readableAt(GROUPS, definition, 1).map((group) => group.root)).toEqual(["trigger", "steps", "user"]);
  });
});

describe("labelOf", () => {
  it("names the source and the variable", () => {
    expect(labelOf(GROUPS, "trigger.last_name")).toBe("Lead Created › last_name");
    expect(labelOf(GROUPS, "steps.create_lead.id")).toBe("Create Lead › id");
  });

  it("gives an unknown path as it is", () => {
    expect(labelOf(GROUPS, "trigger.nope")).toBe("trigger.nope");
  });
});
