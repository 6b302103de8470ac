// What an UI_UPDATE of the SDK means for the portal. Source: connect-protocol.md, 4.2 and 4.6.
//
// The message comes from the page around the frame, which anybody may have written: each value is checked for its type here,
// and an id that becomes part of an address or of an element's id is a UUID, or there is nothing to show.

export interface WorkflowState {
  enabled: boolean;
  settings: string;
}

/** An integration to show; everything as the SDK has it. */
export interface Opened {
  isOpen: true;
  isHidden: boolean;
  projectId: string;
  token: string;
  integrationId: string;
  type: string;
  credentialId: string;
  configurationId: string;
  installOptions: { externalId?: string; allowMultipleCredentials?: boolean };
  workflows: Map<string, WorkflowState>;
  error: unknown;
  /** Changes whenever the card has to be fetched anew: another integration, another account, another status. */
  cardKey: string;
}

export type PortalState = Opened | { isOpen: false };

type Dict = Record<string, unknown>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Read a message; null when it is not an UI_UPDATE. */
export function readUpdate(data: unknown): PortalState | null {
  const update = dict(data);
  if (update["messageType"] !== "UI_UPDATE") return null;
  const modal = dict(update["nextModalState"]);
  const context = dict(update["nextContext"]);
  const integration = dict(modal["integration"]);
  const projectId = text(context["projectId"]).toLowerCase();
  const integrationId = text(integration["id"]);
  if (!integrationId || !UUID.test(projectId)) return { isOpen: false };

  const options = dict(modal["apiInstallationOptions"]);
  const user = dict(context["user"]);
  const token = text(user["token"]);
  const type = typeOf(integration);
  const entry = dict(own(dict(user["integrations"]), type));
  const selected = text(modal["selectedCredentialId"]);
  const credentialId = selected || text(entry["credentialId"]);
  const credential = dicts(entry["allCredentials"]).find(({ id }) => id === credentialId);
  const configurationId = text(options["selectedConfigurationId"]) || (selected ? "" : text(entry["credentialConfigId"]));
  const configurations = dicts(credential?.["configurations"]);
  const configuration = configurations.find(({ id }) => id === configurationId) ?? configurations[0];
  const isWanted = modal["shouldShowPortalAfterInstall"] || (options["showPortalAfterInstall"] && entry["enabled"]);
  return {
    isOpen: true,
    isHidden: Boolean(options["isApiInstallation"]) && !isWanted,
    projectId,
    token,
    integrationId,
    type,
    credentialId,
    configurationId,
    installOptions: {
      ...(options["externalId"] === undefined ? {} : { externalId: text(options["externalId"]) }),
      ...(options["allowMultipleCredentials"] === undefined
        ? {}
        : { allowMultipleCredentials: Boolean(options["allowMultipleCredentials"]) }),
    },
    workflows: workflowsOf(configuration?.["workflowSettings"] ?? entry["workflowSettings"]),
    error: modal["connectionError"] ?? null,
    cardKey: JSON.stringify([
      projectId,
      Boolean(token),
      integrationId,
      credentialId,
      configurationId,
      text(credential?.["status"]) || text(entry["credentialStatus"]),
    ]),
  };
}

function typeOf(integration: Dict): string {
  const type = text(integration["type"]);
  return type === "custom" ? text(dict(integration["customIntegration"])["slug"]) || type : type;
}

function workflowsOf(settings: unknown): Map<string, WorkflowState> {
  const found = new Map<string, WorkflowState>();
  for (const [id, value] of Object.entries(dict(settings))) {
    const state = dict(value);
    if (UUID.test(id)) found.set(id, { enabled: Boolean(state["enabled"]), settings: JSON.stringify(state["settings"] ?? {}) });
  }
  return found;
}

function own(of: Dict, key: string): unknown {
  return Object.hasOwn(of, key) ? of[key] : undefined;
}

function dict(value: unknown): Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Dict) : {};
}

function dicts(value: unknown): Dict[] {
  return Array.isArray(value) ? value.map(dict) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
