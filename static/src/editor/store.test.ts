import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Store } from "./store";
import type { Definition, LiveData } from "./types";

const EMPTY: Definition = { trigger: null, steps: [], settings: [], order_by: null, concurrency: null };
const LIVE: LiveData = {
  revision: 1, savedAt: "", savedBy: "", state: "never_deployed", liveVersion: null, problems: [], variables: [], example: null, outputs: {}, summaries: {},
};

const named = (order_by: string): Definition => ({ ...EMPTY, order_by });

describe("Store", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("undoes and redoes changes one by one", () => {
    const store = new Store(EMPTY, LIVE);
    store.change(named("a"));
    store.change(named("b"));

    store.undo();
    expect(store.definition.order_by).toBe("a");
    store.undo();
    expect(store.definition).toBe(EMPTY);
    expect(store.canUndo).toBe(false);
    store.redo();
    store.redo();
    expect(store.definition.order_by).toBe("b");
    expect(store.canRedo).toBe(false);
  });

  it("undoes what was typed in one go as one", () => {
    const store = new Store(EMPTY, LIVE);
    for (const text of ["h", "he", "hey"]) store.change(named(text), { merge: "order_by", how: "typing" });

    store.undo();

    expect(store.definition).toBe(EMPTY);
  });

  it("undoes what was typed after a pause on its own", () => {
    const store = new Store(EMPTY, LIVE);
    store.change(named("he"), { merge: "order_by" });
    vi.advanceTimersByTime(5_000);
    store.change(named("hey"), { merge: "order_by" });

    store.undo();

    expect(store.definition.order_by).toBe("he");
  });

  it("forgets what could be redone once something else changes", () => {
    const store = new Store(EMPTY, LIVE);
    store.change(named("a"));
    store.undo();
    store.change(named("b"));

    expect(store.canRedo).toBe(false);
  });

  it("lets go of a step that an undo takes away", () => {
    const store = new Store(EMPTY, LIVE);
    store.change({ ...EMPTY, steps: [{ key: "one", type: "x.y", name: "", inputs: {}, required_inputs: [], retry: null }] });
    store.select({ kind: "step", key: "one" });

    store.undo();

    expect(store.selection).toEqual({ kind: "workflow" });
  });

  it("changes nothing when it may only be looked at", () => {
    const store = new Store(EMPTY, LIVE, true);
    store.change(named("a"));

    expect(store.definition).toBe(EMPTY);
  });
});
