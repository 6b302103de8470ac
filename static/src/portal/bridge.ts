// The line to the SDK in the host's page: we name one of its methods, it answers by message. Source: connect-protocol.md, 4.3.

export class BridgeError extends Error {}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

const ANSWER_WITHIN_MS = 60_000;

export class Bridge {
  readonly #parent: Pick<Window, "postMessage">;
  readonly #waiting = new Map<string, Waiting>();
  #calls = 0;
  /** The host page's origin, known from its first message; calls go nowhere before, and to nobody else after. */
  origin: string | null = null;

  constructor(parent: Pick<Window, "postMessage">) {
    this.#parent = parent;
  }

  /** Call a method of the SDK. Posts at once, so that a click still counts as one when the SDK opens a window. */
  invoke(type: string, parameters: readonly unknown[] = []): Promise<unknown> {
    if (this.origin === null) return Promise.reject(new BridgeError("The page around the portal has not spoken yet."));
    this.#calls += 1;
    const id = `isthmus-${this.#calls}`;
    this.#parent.postMessage({ messageType: "SDK_FUNCTION_INVOCATION", type, parameters, id }, this.origin);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new BridgeError("The page around the portal does not answer."));
      }, ANSWER_WITHIN_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  /** Take a message for an answer; false when it is none of ours. */
  accept(data: unknown): boolean {
    const answer = data as { messageType?: string; id?: string; result?: unknown; message?: string } | null;
    if (answer?.messageType !== "SDK_FUNCTION_RESPONSE" && answer?.messageType !== "SDK_FUNCTION_ERROR") return false;
    const waiting = this.#waiting.get(answer.id ?? "");
    if (!waiting) return false;
    this.#waiting.delete(answer.id ?? "");
    clearTimeout(waiting.timer);
    if (answer.messageType === "SDK_FUNCTION_RESPONSE") waiting.resolve(answer.result);
    else waiting.reject(new BridgeError(answer.message ?? ""));
    return true;
  }
}
