import { expect, test } from "vitest";

import { type Opened, readUpdate } from "./state";

const PID = "11111111-1111-4111-8111-111111111111";
const WID = "55555555-5555-4555-8555-555555555555";
const CRED = "33333333-3333-4333-8333-333333333333";
const CFG = "44444444-4444-4444-8444-444444444444";

function update(modal: Record<string, unknown> = {}, entry: Record<string, unknown> = {}, integration: unknown = { id: "i1", type: "salesforce" }) {
  const connected = {
    enabled: true,
    credentialId: CRED,
    credentialStatus: "VALID",
    credentialConfigId: CFG,
    allCredentials: [{ id: CRED, status: "VALID", configurations: [{ id: CFG, workflowSettings: { [WID]: { enabled: true, settings: { region: "eu" } } } }] }],
  };
  return {
    messageType: "UI_UPDATE",
    nextContext: { projectId: PID, user: { token: "jwt", integrations: { salesforce: { ...connected, ...entry } } } },
    nextModalState: { integration, ...modal },
  };
}
const opened = (...given: Parameters<typeof update>) => readUpdate(update(...given)) as Opened;

test("only an UI_UPDATE is read", () => {
  for (const other of [null, undefined, "text", 1, {}, { messageType: "SDK_FUNCTION_RESPONSE" }]) expect(readUpdate(other)).toBeNull();
});

test("no integration, or nobody authenticated yet, means closed", () => {
  expect(readUpdate(update({}, {}, null))).toEqual({ isOpen: false });
  expect(readUpdate({ messageType: "UI_UPDATE", nextContext: {}, nextModalState: { integration: { id: "i1", type: "salesforce" } } })).toEqual({ isOpen: false });
  expect(readUpdate({ messageType: "UI_UPDATE" })).toEqual({ isOpen: false });
});

test("an open integration carries its account, its configuration and its workflows", () => {
  const state = opened();
  expect(state).toMatchObject({ isOpen: true, isHidden: false, projectId: PID, token: "jwt", type: "salesforce", credentialId: CRED, configurationId: CFG });
  expect(state.workflows.get(WID)).toEqual({ enabled: true, settings: '{"region":"eu"}' });
});

test("the same update twice is the same card, and a switched workflow leaves the card as it is", () => {
  const switched = { allCredentials: [{ id: CRED, status: "VALID", configurations: [{ id: CFG, workflowSettings: { [WID]: { enabled: false } } }] }] };
  expect(opened().cardKey).toBe(opened().cardKey);
  expect(opened({}, switched).cardKey).toBe(opened().cardKey);
});

test("another account, another status and another integration are another card", () => {
  const keys = [
    opened(),
    opened({}, { allCredentials: [{ id: CRED, status: "INVALID" }] }),
    opened({ selectedCredentialId: "other" }),
    opened({}, {}, { id: "i2", type: "salesforce" }),
    opened({}, { credentialId: undefined, credentialStatus: undefined, allCredentials: [] }),
  ].map(({ cardKey }) => cardKey);
  expect(new Set(keys).size).toBe(keys.length);
});

test("the account that the host page has chosen goes before the user's main one", () => {
  const state = opened({ selectedCredentialId: "ext:second" });
  expect(state).toMatchObject({ credentialId: "ext:second", configurationId: "" });
});

test("a custom integration is known by its slug", () => {
  expect(opened({}, {}, { id: "i9", type: "custom", customIntegration: { slug: "custom.acmecrm" } }).type).toBe("custom.acmecrm");
});

test("an installation by API stays hidden until it is wanted on the screen", () => {
  const api = { isApiInstallation: true };
  expect(opened({ apiInstallationOptions: api }).isHidden).toBe(true);
  expect(opened({ apiInstallationOptions: api, shouldShowPortalAfterInstall: true }).isHidden).toBe(false);
  expect(opened({ apiInstallationOptions: { ...api, showPortalAfterInstall: true } }).isHidden).toBe(false);
  expect(opened({ apiInstallationOptions: { ...api, showPortalAfterInstall: true } }, { enabled: false }).isHidden).toBe(true);
});

test.each(["../settings/members/?x=", "../x", "%2e%2e/x", "a/b", "", " ", `${PID}/..`, `${PID}?x=`, `${PID}\n`, "p1", 7, null, undefined, {}, [PID]])(
  "a state whose project is %j shows nothing",
  (projectId) => {
    const told = update();
    Object.assign(told.nextContext, { projectId });
    expect(readUpdate(told)).toEqual({ isOpen: false });
  },
);

test("a project's id may be written in capitals", () => {
  const told = update();
  const id = "ABCDEF01-1111-4111-8111-111111111111";
  told.nextContext.projectId = id;
  expect(readUpdate(told)).toMatchObject({ isOpen: true, projectId: id.toLowerCase() });
});

test("workflows that are named by something else than an id are passed over", () => {
  const workflowSettings = { [WID]: { enabled: true }, "../x": { enabled: true }, "a b": {}, __proto__: {} };
  const state = opened({}, { allCredentials: [{ id: CRED, status: "VALID", configurations: [{ id: CFG, workflowSettings }] }] });
  expect([...state.workflows.keys()]).toEqual([WID]);
});

test("values of other types than the SDK's count as not said", () => {
  const odd = [7, true, [], {}, "text", null];
  for (const value of odd) {
    expect(readUpdate({ messageType: "UI_UPDATE", nextContext: value, nextModalState: value })).toEqual({ isOpen: false });
    const state = opened({ selectedCredentialId: value, apiInstallationOptions: value }, { allCredentials: value, workflowSettings: value, credentialId: value });
    expect(typeof state.credentialId).toBe("string");
    expect(typeof state.cardKey).toBe("string");
  }
  expect(opened({}, {}, { id: "i1", type: "constructor" }).credentialId).toBe("");
  expect(opened({}, {}, { id: "i1", type: "__proto__" }).workflows.size).toBe(0);
});
