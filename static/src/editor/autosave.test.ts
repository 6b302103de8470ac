import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Autosave, type SaveStatus } from "./autosave";
import { ServerError } from "./server";
import { Store } from "./store";
import type { Definition, LiveData } from "./types";

const EMPTY: Definition = { trigger: null, steps: [], settings: [], order_by: null, concurrency: null };
const live = (revision: number): LiveData => ({
  revision, savedAt: "", savedBy: "", state: "never_deployed", liveVersion: null, problems: [], variables: [], example: null, outputs: {}, summaries: {},
});
const named = (order_by: string): Definition => ({ ...EMPTY, order_by });

function setUp(...answers: (LiveData | Error)[]) {
  const store = new Store(EMPTY, live(1));
  const shown: SaveStatus["kind"][] = [];
  const sent: [string | null, number][] = [];
  const save = vi.fn(async (definition: Definition, revision: number) => {
    sent.push([definition.order_by, revision]);
    const answer = answers.shift() ?? live(revision + 1);
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const autosave = new Autosave(store, save, (status) => shown.push(status.kind));
  return { store, autosave, shown, sent };
}

describe("Autosave", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("saves once for changes that follow each other, and names the revision it started from", async () => {
    const { store, autosave, sent, shown } = setUp();
    store.change(named("a"));
    store.change(named("ab"));
    expect(autosave.isSaved).toBe(false);

    await vi.advanceTimersByTimeAsync(500);

    expect(sent).toEqual([["ab", 1]]);
    expect(store.live.revision).toBe(2);
    expect(autosave.isSaved).toBe(true);
    expect(shown.at(-1)).toBe("saved");
  });

  it("saves again what changed while a save was under way", async () => {
    const { store, autosave, sent } = setUp();
    store.change(named("a"));
    const flushed = autosave.flush();
    store.change(named("ab"));
    await flushed;
    await vi.advanceTimersByTimeAsync(500);

    expect(sent).toEqual([["a", 1], ["ab", 2]]);
  });

  it("keeps trying while the server is away, and then saves the newest", async () => {
    const away = () => new ServerError(0, "offline", "away");
    const { store, autosave, sent, shown } = setUp(away(), away());
    store.change(named("a"));
    await vi.advanceTimersByTimeAsync(500);
    expect(shown.at(-1)).toBe("retrying");
    store.change(named("ab"));
    expect(shown.at(-1)).toBe("retrying");

    await vi.advanceTimersByTimeAsync(10_000);

    expect(sent.at(-1)).toEqual(["ab", 1]);
    expect(autosave.isSaved).toBe(true);
  });

  it("stops at a conflict until somebody says whose draft stays", async () => {
    const conflict = new ServerError(409, "draft_conflict", "Raj saved", { error: { revision: 7 } });
    const { store, autosave, sent, shown } = setUp(conflict);
    store.change(named("mine"));
    await vi.advanceTimersByTimeAsync(500);
    store.change(named("mine too"));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(shown.at(-1)).toBe("conflict");
    expect(sent).toHaveLength(1);

    await autosave.keepMine();

    expect(sent.at(-1)).toEqual(["mine too", 7]);
    expect(autosave.isSaved).toBe(true);
  });

  it("does not repeat what the server refuses, and goes on with the next change", async () => {
    const { store, autosave, sent, shown } = setUp(new ServerError(422, "definition_invalid", "no"));
    store.change(named("bad"));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(shown.at(-1)).toBe("refused");
    expect(sent).toHaveLength(1);

    store.change(named("good"));
    await vi.advanceTimersByTimeAsync(500);

    expect(sent.at(-1)).toEqual(["good", 1]);
    expect(autosave.isSaved).toBe(true);
  });

  it("has nothing to save after a change was undone in time", async () => {
    const { store, autosave, sent } = setUp();
    store.change(named("a"));
    store.undo();
    await vi.advanceTimersByTimeAsync(2_000);

    expect(sent).toEqual([]);
    expect(autosave.isSaved).toBe(true);
  });
});
