import { expect, test } from "vitest";

import { type Opened, readUpdate } from "./state";

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
    nextContext: { projectId: "p1", user: { token: "jwt", integrations: { salesforce: { ...connected, ...entry } } } },
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
  expect(state).toMatchObject({ isOpen: true, isHidden: false, projectId: "p1", token: "jwt", type: "salesforce", credentialId: CRED, configurationId: CFG });
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
