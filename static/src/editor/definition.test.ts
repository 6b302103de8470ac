import { describe, expect, it } from "vitest";

import { duplicateStep, inputOf, keysOf, moveStep, rekeyStep, removeStep, uniqueKey, withInput, withRequired } from "./definition";
import type { Definition, Json, Step } from "./types";

const step = (key: string, inputs: Record<string, Json> = {}): Step => ({ key, type: "x.y", name: key, inputs, required_inputs: [], retry: null });
const ABC: Definition = { trigger: null, steps: [step("a"), step("b"), step("c")], settings: [], order_by: null, concurrency: null };

describe("steps", () => {
  it.each([["a", 2, "b,c,a"], ["c", 0, "c,a,b"], ["b", 1, "a,b,c"], ["a", 9, "b,c,a"], ["c", -1, "c,a,b"]])("moves %s to %i", (key, to, order) => {
    expect(keysOf(moveStep(ABC, key, to)).join()).toBe(order);
  });

  it("copies a step below itself under a key of its own, and leaves the original alone", () => {
    const { definition, copy } = duplicateStep(ABC, "b");

    expect(keysOf(definition)).toEqual(["a", "b", "b_copy", "c"]);
    expect(copy?.name).toBe("b (copy)");
    expect(keysOf(ABC)).toEqual(["a", "b", "c"]);
  });

  it("removes a step", () => {
    expect(keysOf(removeStep(ABC, "b"))).toEqual(["a", "c"]);
  });

  it("gives a new key only while no template reads from the step", () => {
    const read = { ...ABC, steps: [step("a"), step("b", { fields: { X: "{{ steps.a.id }}" } })] };

    expect(keysOf(rekeyStep(ABC, "a", "Create Lead"))).toEqual(["create_lead", "b", "c"]);
    expect(rekeyStep(read, "a", "Create Lead")).toBe(read);
  });
});

describe("uniqueKey", () => {
  it.each([["Create a Lead", "create_lead"], ["  Überweisung! ", "uberweisung"], ["2nd", "step_2nd"], ["日本", "step"]])("makes a key of %j", (name, key) => {
    expect(uniqueKey(name, [])).toBe(key);
  });

  it("counts up where a key is taken", () => {
    expect(uniqueKey("Create Lead", ["create_lead", "create_lead_2"])).toBe("create_lead_3");
  });
});

describe("inputs", () => {
  it("reads and writes by name, also within fields, and changes nothing in place", () => {
    const before = step("a", { record_type: "Lead", fields: { Email: "x" } });
    const after = withInput(withInput(before, "fields.LastName", "{{ trigger.n }}"), "record_type", "Contact");

    expect(inputOf(after, "fields.LastName")).toBe("{{ trigger.n }}");
    expect(inputOf(after, "fields.Email")).toBe("x");
    expect(inputOf(after, "record_type")).toBe("Contact");
    expect(inputOf(before, "fields.LastName")).toBeUndefined();
  });

  it("takes an input away with its mark as required", () => {
    const marked = withRequired(step("a", { fields: { Email: "x", Phone: "1" } }), "fields.Email", true);
    const after = withInput(marked, "fields.Email", undefined);

    expect(after.inputs).toEqual({ fields: { Phone: "1" } });
    expect(after.required_inputs).toEqual([]);
  });
});
