/** Saves the draft as one works: soon after a change, one request at a time, again and again while the server is away. */
import { ServerError } from "./server";
import type { Store } from "./store";
import type { Definition, LiveData } from "./types";

export type SaveStatus =
  | { kind: "saved" }
  | { kind: "saving" }
  | { kind: "retrying"; reason: string }
  | { kind: "refused"; reason: string }
  | { kind: "conflict"; reason: string; revision: number };

export type Save = (definition: Definition, revision: number) => Promise<LiveData>;

const DELAY_MS = 400;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export class Autosave {
  status: SaveStatus = { kind: "saved" };
  private saved: Definition;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isSending = false;
  private failures = 0;
  private waiting: (() => void)[] = [];

  constructor(
    private readonly store: Store,
    private readonly save: Save,
    private readonly show: (status: SaveStatus) => void,
  ) {
    this.saved = store.definition;
    store.subscribe((event) => {
      if (event.what === "definition") this.schedule(DELAY_MS);
    });
  }

  get isSaved(): boolean {
    return this.saved === this.store.definition && !this.isSending;
  }

  /** Save at once; resolves when nothing is unsaved any more, or when it can not be saved now. */
  async flush(): Promise<boolean> {
    this.cancelTimer();
    if (this.isSending) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (!this.isSaved) await this.send();
    return this.isSaved;
  }

  /** Leave what is not saved behind: the page is about to be loaded anew. */
  forget(): void {
    this.saved = this.store.definition;
  }

  /** After a conflict: let this page's draft take the place of the other one. */
  async keepMine(): Promise<void> {
    if (this.status.kind !== "conflict") return;
    this.store.live = { ...this.store.live, revision: this.status.revision };
    this.set({ kind: "saving" });
    await this.send();
  }

  private schedule(delay: number): void {
    if (this.status.kind === "conflict") return;
    if (this.saved === this.store.definition && !this.isSending) {
      this.cancelTimer();
      return this.set({ kind: "saved" });
    }
    if (this.status.kind !== "retrying") this.set({ kind: "saving" });
    else if (delay === DELAY_MS) return; // a retry is on its way, and takes what is newest then
    this.cancelTimer();
    this.timer = setTimeout(() => void this.send(), delay);
  }

  private async send(): Promise<void> {
    if (this.isSending) return;
    this.cancelTimer();
    this.isSending = true;
    const definition = this.store.definition;
    try {
      const live = await this.save(definition, this.store.live.revision);
      this.isSending = false;
      this.failures = 0;
      this.saved = definition;
      this.set({ kind: "saved" });
      this.store.receive(live);
      if (this.store.definition !== definition) this.schedule(DELAY_MS);
    } catch (error) {
      this.isSending = false;
      this.failed(error);
    }
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private failed(error: unknown): void {
    if (!(error instanceof ServerError)) throw error;
    if (error.status === 409) {
      const theirs = (error.body.error as { revision?: number }).revision ?? 0;
      return this.set({ kind: "conflict", reason: error.message, revision: theirs });
    }
    if (!error.isPassing) return this.set({ kind: "refused", reason: error.message });
    this.set({ kind: "retrying", reason: error.message });
    this.schedule(RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)]!);
  }

  private set(status: SaveStatus): void {
    this.status = status;
    this.show(status);
  }

  private cancelTimer(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
  }
}
