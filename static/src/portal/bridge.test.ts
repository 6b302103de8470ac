import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Bridge } from "./bridge";

const HOST = "https://app.acme.example";

function open() {
  const parent = { postMessage: vi.fn() };
  const bridge = new Bridge(parent as unknown as Window);
  bridge.origin = HOST;
  const sent = (at = 0) => parent.postMessage.mock.calls[at]?.[0] as { id: string; type: string; parameters: unknown[] };
  return { parent, bridge, sent };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a call goes to the host page's origin alone, at once, with its parameters as a list", () => {
  const { parent, bridge, sent } = open();
  void bridge.invoke("onOpen");
  expect(parent.postMessage).toHaveBeenCalledTimes(1);
  expect(parent.postMessage.mock.calls[0]?.[1]).toBe(HOST);
  expect(sent()).toMatchObject({ messageType: "SDK_FUNCTION_INVOCATION", type: "onOpen", parameters: [] });
});

test("nothing is sent before the host page has spoken", async () => {
  const { parent, bridge } = open();
  bridge.origin = null;
  await expect(bridge.invoke("onOpen")).rejects.toThrow("has not spoken");
  expect(parent.postMessage).not.toHaveBeenCalled();
});

test("answers find their calls, in whatever order they come", async () => {
  const { bridge, sent } = open();
  const first = bridge.invoke("getVersion");
  const second = bridge.invoke("enableWorkflow", ["w1"]);
  expect(sent(0).id).not.toBe(sent(1).id);
  expect(bridge.accept({ messageType: "SDK_FUNCTION_ERROR", id: sent(1).id, error: true, message: '{"code":"setting_missing"}' })).toBe(true);
  expect(bridge.accept({ messageType: "SDK_FUNCTION_RESPONSE", id: sent(0).id, type: "getVersion", result: "2.4.0" })).toBe(true);
  await expect(second).rejects.toThrow("setting_missing");
  await expect(first).resolves.toBe("2.4.0");
});

test("messages that answer none of our calls are not taken", () => {
  const { bridge } = open();
  for (const other of [null, "text", { messageType: "UI_UPDATE" }, { messageType: "SDK_FUNCTION_RESPONSE", id: "theirs" }]) expect(bridge.accept(other)).toBe(false);
});

test("a call that the SDK never answers fails in the end, and a late answer does no harm", async () => {
  const { bridge, sent } = open();
  const call = bridge.invoke("sendConnectRequest");
  const failed = expect(call).rejects.toThrow("does not answer");
  await vi.advanceTimersByTimeAsync(61_000);
  await failed;
  expect(bridge.accept({ messageType: "SDK_FUNCTION_RESPONSE", id: sent().id, result: 1 })).toBe(false);
});
