// What an UI_UPDATE of the SDK means for the portal. Source: connect-protocol.md, 4.2 and 4.6.

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

interface Entry {
  enabled?: boolean;
  credentialId?: string;
  credentialStatus?: string;
  credentialConfigId?: string;
  workflowSettings?: Record<string, { enabled?: boolean; settings?: unknown }>;
  allCredentials?: {
    id: string;
    status?: string;
    configurations?: { id: string; workflowSettings?: Entry["workflowSettings"] }[];
  }[];
}

interface UiUpdate {
  messageType: "UI_UPDATE";
  nextContext?: {
    projectId?: string;
    user?: { token?: string; integrations?: Record<string, Entry> };
  };
  nextModalState?: {
    integration?: { id: string; type: string; customIntegration?: { slug?: string } } | null;
    selectedCredentialId?: string;
    apiInstallationOptions?: {
      isApiInstallation?: boolean;
      showPortalAfterInstall?: boolean;
      selectedConfigurationId?: string;
      externalId?: string;
      allowMultipleCredentials?: boolean;
    };
    connectionError?: unknown;
    shouldShowPortalAfterInstall?: boolean;
  };
}

/** Read a message; null when it is not an UI_UPDATE. */
export function readUpdate(data: unknown): PortalState | null {
  const update = data as Partial<UiUpdate> | null;
  if (update?.messageType !== "UI_UPDATE") return null;
  const modal = update.nextModalState ?? {};
  const context = update.nextContext ?? {};
  const integration = modal.integration;
  if (!integration || !context.projectId) return { isOpen: false };

  const options = modal.apiInstallationOptions ?? {};
  const type = integration.type === "custom" ? (integration.customIntegration?.slug ?? integration.type) : integration.type;
  const entry = context.user?.integrations?.[type] ?? {};
  const credentialId = modal.selectedCredentialId ?? entry.credentialId ?? "";
  const credential = entry.allCredentials?.find(({ id }) => id === credentialId);
  const configurationId = options.selectedConfigurationId ?? (modal.selectedCredentialId ? "" : (entry.credentialConfigId ?? ""));
  const configuration = credential?.configurations?.find(({ id }) => id === configurationId) ?? credential?.configurations?.[0];
  const settings = configuration?.workflowSettings ?? entry.workflowSettings ?? {};
  const isWanted = modal.shouldShowPortalAfterInstall || (options.showPortalAfterInstall && entry.enabled);
  return {
    isOpen: true,
    isHidden: Boolean(options.isApiInstallation) && !isWanted,
    projectId: context.projectId,
    token: context.user?.token ?? "",
    integrationId: integration.id,
    type,
    credentialId,
    configurationId,
    installOptions: {
      ...(options.externalId === undefined ? {} : { externalId: options.externalId }),
      ...(options.allowMultipleCredentials === undefined ? {} : { allowMultipleCredentials: options.allowMultipleCredentials }),
    },
    workflows: new Map(
      Object.entries(settings).map(([id, state]) => [
        id,
        { enabled: Boolean(state.enabled), settings: JSON.stringify(state.settings ?? {}) },
      ]),
    ),
    error: modal.connectionError ?? null,
    cardKey: JSON.stringify([
      context.projectId,
      Boolean(context.user?.token),
      integration.id,
      credentialId,
      configurationId,
      credential?.status ?? entry.credentialStatus ?? "",
    ]),
  };
}
