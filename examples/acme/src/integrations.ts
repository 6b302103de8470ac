// The Integrations panel: what can be connected, what is connected, which workflows are on.
import { type AuthenticatedConnectUser, paragon } from "@useparagon/connect";

import { log, wordsOf } from "./log";

interface Workflow {
  id: string;
  description: string;
}

/** Do something with the SDK; what goes wrong is said in the log and at the place. */
async function attempt(title: string, call: () => Promise<unknown>): Promise<void> {
  log("call", title);
  try {
    await call();
  } catch (error) {
    log("error", `${title} was refused`, wordsOf(error));
    say(wordsOf(error));
  }
  showIntegrations();
}

export function showIntegrations(): void {
  const place = document.querySelector<HTMLElement>("[data-integrations]");
  const user = paragon.getUser();
  if (!place || !user.authenticated) return;
  place.replaceChildren(...paragon.getIntegrationMetadata().map((each) => card(each, user)));
  if (place.childElementCount === 0) place.append(element("p", "quiet", "There is nothing to connect yet: switch an integration on in Isthmus."));
}

export function showProblem(words: string): void {
  const place = document.querySelector<HTMLElement>("[data-integrations]");
  place?.replaceChildren(element("p", "problem", words));
}

function card(meta: { type: string; name: string; icon: string }, user: AuthenticatedConnectUser): HTMLElement {
  const state = user.integrations[meta.type];
  const credential = state?.allCredentials.find(({ id }) => id === state.credentialId);
  const account = (credential?.providerData as { username?: string } | undefined)?.username ?? "";
  const box = element("article", "integration");
  const icon = element("img", "icon");
  icon.setAttribute("src", meta.icon);
  icon.setAttribute("alt", "");
  const words = element("div", "words");
  words.append(element("strong", "", meta.name), element("span", "quiet", status(state?.enabled, state?.credentialStatus, account)));
  const connect = button(state?.enabled ? "Manage" : credential ? "Reconnect" : `Connect ${meta.name}`, state?.enabled ? "" : "primary", () => open(meta.type));
  connect.dataset["connect"] = meta.type;
  const head = element("div", "integration-head");
  head.append(icon, words, connect);
  box.append(head);
  if (state?.enabled) box.append(workflowList(meta.type, state.workflowSettings ?? {}), foot(meta));
  return box;
}

function status(enabled: boolean | undefined, credentialStatus: string | undefined, account: string): string {
  if (enabled) return `Connected${account ? ` as ${account}` : ""}`;
  return credentialStatus === "INVALID" ? "Has to be connected again" : "Not connected";
}

/** The portal, with every callback that `connect` takes. */
function open(type: string): void {
  const tell = (name: string) => (event: unknown) => log("event", `${name} (callback of connect)`, event);
  log("call", `paragon.connect("${type}")`);
  const promise: unknown = paragon.connect(type, {
    onOpen: tell("onOpen"),
    onClose: tell("onClose"),
    onInstall: tell("onInstall"),
    onUninstall: tell("onUninstall"),
    onWorkflowChange: tell("onWorkflowChange"),
    onError: (error: unknown) => log("error", "onError (callback of connect)", wordsOf(error)),
  } as Parameters<typeof paragon.connect>[1]);
  // Its types call it void; it is a promise that ends with the connection, or with the error that onError has told.
  Promise.resolve(promise).then(showIntegrations, showIntegrations);
}

function workflowList(type: string, settings: Record<string, { enabled?: boolean } | undefined>): HTMLElement {
  const list = element("ul", "workflows");
  for (const { id, description } of paragon.getIntegrationConfig(type).availableWorkflows as Workflow[]) {
    const isOn = Boolean(settings[id]?.enabled);
    const item = element("li", "");
    const toggle = button(isOn ? "Disable" : "Enable", "small", () =>
      attempt(`paragon.${isOn ? "disable" : "enable"}Workflow()`, () => (isOn ? paragon.disableWorkflow(id, {}) : paragon.enableWorkflow(id, {}))),
    );
    toggle.setAttribute("aria-label", `${isOn ? "Disable" : "Enable"} ${description}`);
    const words = element("span", "", description);
    words.append(element("em", isOn ? "on" : "off", isOn ? "on" : "off"));
    item.append(words, toggle);
    list.append(item);
  }
  return list;
}

function foot(meta: { type: string; name: string }): HTMLElement {
  const place = element("div", "integration-foot");
  place.append(button(`Disconnect ${meta.name}`, "small danger", () => attempt("paragon.uninstallIntegration()", () => paragon.uninstallIntegration(meta.type))));
  return place;
}

function say(words: string): void {
  document.querySelector("[data-integrations]")?.append(element("p", "problem", words));
}

function button(text: string, kind: string, act: () => unknown): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.textContent = text;
  made.addEventListener("click", () => void act());
  return made;
}

function element(tag: string, kind: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}
