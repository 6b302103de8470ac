// The dialog's life: opened and closed by the SDK's updates, filled by fragments, its buttons handed on to the SDK.
import type { Bridge } from "./bridge";
import { type Explanation, explain } from "./errors";
import { trapTab } from "./focus";
import { selectKept } from "./forms";
import { cardAddress, isFragment, isFragmentAddress, rowAddress } from "./fragments";
import { type Opened, type PortalState, readUpdate } from "./state";
import { followUpdate, onInput, save, toggle } from "./workflow-rows";

const NO_ERROR = "null";

export class Portal {
  readonly bridge: Bridge;
  /** What the SDK has said last; null while closed. */
  state: Opened | null = null;
  #isShown = false;
  #shownIntegration = "";
  #cardKey = "";
  /** The error that the SDK has reported last, so that only a change of it is shown or taken away. */
  #reported = NO_ERROR;
  readonly #backdrop = part("[data-backdrop]");
  readonly #dialog = part("[data-dialog]");
  readonly #card = part("[data-card]");
  readonly #alert = part("[data-alert]");

  constructor(bridge: Bridge) {
    this.bridge = bridge;
  }

  start(): void {
    document.addEventListener("htmx:configRequest", (event) => this.#sign(event as CustomEvent<RequestDetail>));
    document.addEventListener("htmx:beforeSwap", (event) => this.#admit(event as CustomEvent<SwapDetail>));
    document.addEventListener("htmx:sendError", () => this.#showTemplate("[data-unreachable]"));
    document.addEventListener("htmx:timeout", () => this.#showTemplate("[data-unreachable]"));
    document.addEventListener("htmx:afterSettle", () => this.#settle());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    this.#dialog.addEventListener("click", (event) => this.#onClick(event));
    this.#dialog.addEventListener("submit", (event) => {
      event.preventDefault();
      const row = (event.target as Element).closest<HTMLElement>("[data-workflow]");
      if (row) void save(this, row);
    });
    this.#dialog.addEventListener("input", (event) => onInput(event.target as Element));
    this.#dialog.addEventListener("focusin", (event) => selectKept(event.target as Element));
    this.#backdrop.addEventListener("mousedown", (event) => {
      if (event.target === this.#backdrop) this.#close();
    });
    const offline = part("[data-offline]");
    const tellNetwork = () => (offline.hidden = navigator.onLine);
    window.addEventListener("online", tellNetwork);
    window.addEventListener("offline", tellNetwork);
    tellNetwork();
  }

  /** A message of the host's page. */
  hear(data: unknown, origin: string): void {
    if (this.bridge.accept(data)) return;
    const state = readUpdate(data);
    if (!state) return;
    this.bridge.origin = origin;
    this.#follow(state);
  }

  /** The account that the card shows, as the SDK's methods want it named. */
  get selection(): { selectedCredentialId?: string; selectedConfigurationId?: string } {
    const { credential, configuration } = this.#cardData;
    return credential && configuration ? { selectedCredentialId: credential, selectedConfigurationId: configuration } : {};
  }

  tellWorkflowChange(workflowId: string, change: { enabled?: boolean; settings?: Record<string, unknown> }): Promise<unknown> {
    const { integrationId, type } = this.state as Opened;
    const event = { type: "onWorkflowChange", integrationId, integrationType: type, workflowId, workflowStateChange: change };
    return this.bridge.invoke("triggerSDKEvent", [event]);
  }

  reloadRow(workflowId: string): void {
    const address = rowAddress((this.state as Opened).projectId, workflowId, this.#query());
    const row = document.getElementById(`workflow-${workflowId}`);
    if (row) void window.htmx?.ajax("GET", address, { target: row, swap: "outerHTML" });
  }

  get #cardData(): DOMStringMap {
    return this.#card.querySelector<HTMLElement>("[data-integration]")?.dataset ?? {};
  }

  #follow(state: PortalState): void {
    if (!state.isOpen || state.isHidden) {
      this.state = state.isOpen ? state : null;
      this.#hide();
      return;
    }
    const before = this.state;
    this.state = state;
    this.#show(state);
    if (state.cardKey !== this.#cardKey) this.#loadCard(state);
    else if (before) followUpdate(this, before.workflows, state.workflows);
    this.#followError(state.error);
  }

  #show(state: Opened): void {
    const isNew = !this.#isShown || this.#shownIntegration !== state.integrationId;
    this.#shownIntegration = state.integrationId;
    if (!isNew) return;
    if (!this.#isShown) {
      this.#isShown = true;
      this.#backdrop.hidden = false;
      this.#dialog.focus();
    }
    // onOpen measures the frame, so that it has to be visible first.
    void this.bridge.invoke("updateContainerStyle", [{ isModalShown: true }]).then(() => this.#takeFocus());
    void this.bridge.invoke("onOpen").catch(() => undefined);
  }

  #hide(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#cardKey = "";
    this.#reported = NO_ERROR;
    this.#alert.hidden = true;
    this.#backdrop.hidden = true;
    this.#card.replaceChildren();
    void this.bridge.invoke("updateContainerStyle", [{ isModalShown: false }]);
  }

  #close(): void {
    void this.bridge.invoke("onClose", [true]).catch(() => this.#hide());
  }

  #loadCard(state: Opened): void {
    this.#cardKey = state.cardKey;
    if (this.#cardData["integration"] !== state.integrationId) this.#showTemplate("[data-loading]");
    this.#card.setAttribute("aria-busy", "true");
    const address = cardAddress(state.projectId, this.#query());
    void window.htmx?.ajax("GET", address, { source: this.#card, target: this.#card, swap: "innerHTML" });
  }

  #query(): URLSearchParams {
    const { integrationId, credentialId, configurationId } = this.state as Opened;
    return new URLSearchParams({ integration: integrationId, credential: credentialId, configuration: configurationId });
  }

  #showTemplate(selector: string): void {
    const template = document.querySelector<HTMLTemplateElement>(selector);
    if (template) this.#card.replaceChildren(template.content.cloneNode(true));
  }

  /** The token travels in the header and lives in memory; the server checks whose page this is for before it reads it. */
  #sign(event: CustomEvent<RequestDetail>): void {
    if (!isFragmentAddress(event.detail.path)) {
      event.preventDefault();
      this.#showTemplate("[data-unreachable]");
      return;
    }
    event.detail.headers["Authorization"] = `Bearer ${this.state?.token ?? ""}`;
    event.detail.headers["X-Portal-Parent"] = this.bridge.origin ?? "";
  }

  /** Swap in what says that it is a fragment of the portal, errors among them (our server explains its refusals), and nothing else. */
  #admit(event: CustomEvent<SwapDetail>): void {
    event.detail.shouldSwap = isFragment(event.detail.xhr);
    event.detail.isError = false;
    if (!event.detail.shouldSwap) this.#showTemplate("[data-unreachable]");
  }

  #settle(): void {
    this.#card.removeAttribute("aria-busy");
    const { accent } = this.#cardData;
    if (accent && /^#[0-9a-f]{3,8}$/i.test(accent)) this.#dialog.style.setProperty("--accent", accent);
    this.#takeFocus();
  }

  // A frame that is not visible yet gets the focus within itself, and the page's stays where it was.
  #takeFocus(): void {
    const isInside = document.hasFocus() && this.#dialog.contains(document.activeElement);
    if (this.#isShown && !isInside) this.#dialog.focus();
  }

  #followError(error: unknown): void {
    const explained = explain(error);
    const key = JSON.stringify(explained);
    if (key === this.#reported) return;
    this.#reported = key;
    if (explained) this.#showAlert(explained);
    else this.#alert.hidden = true;
  }

  #showAlert({ title, text }: Explanation): void {
    part("[data-alert-title]").textContent = title;
    part("[data-alert-text]").textContent = text;
    this.#alert.hidden = false;
    this.#alert.scrollIntoView({ block: "nearest" });
    this.#setWaiting(false);
  }

  #setWaiting(isWaiting: boolean): void {
    for (const waiting of this.#card.querySelectorAll<HTMLElement>("[data-waiting]")) waiting.hidden = !isWaiting;
  }

  #connect(button: HTMLElement): void {
    const state = this.state as Opened;
    const { credential } = this.#cardData;
    const { allowMultipleCredentials } = state.installOptions;
    const renewal = { selectedCredentialId: credential, ...(allowMultipleCredentials ? { allowMultipleCredentials } : {}) };
    const options = button.dataset["renews"] && credential ? renewal : state.installOptions;
    // First of all, and within the click: the window that the SDK opens would be blocked otherwise.
    const started = this.bridge.invoke("startOAuthFlow", [state.type, options]);
    this.#alert.hidden = true;
    this.#reported = NO_ERROR;
    this.#setWaiting(true);
    void this.bridge.invoke("setModalState", [{ connectionError: undefined }]).catch(() => undefined);
    started.catch((error: unknown) => this.#showAlert(explain(error) as Explanation));
  }

  async #disconnect(button: HTMLButtonElement): Promise<void> {
    const { credential } = this.#cardData;
    button.disabled = true;
    try {
      await this.bridge.invoke("uninstallIntegration", [(this.state as Opened).type, { selectedCredentialId: credential }]);
      this.#dialog.focus();
    } catch (error) {
      button.disabled = false;
      this.#showAlert(explain(error) as Explanation);
    }
  }

  #confirmDisconnect(isAsked: boolean): void {
    const confirm = this.#card.querySelector<HTMLElement>("[data-confirm]");
    const asking = this.#card.querySelector<HTMLElement>("[data-disconnect]");
    if (!confirm || !asking) return;
    confirm.hidden = !isAsked;
    asking.hidden = isAsked;
    if (isAsked) confirm.scrollIntoView({ block: "nearest" });
    (isAsked ? confirm.querySelector<HTMLElement>("[data-confirm-no]") : asking)?.focus();
  }

  #onClick(event: Event): void {
    const button = (event.target as Element).closest("button");
    if (!button) return;
    const does = (name: string) => name in button.dataset;
    if (does("close")) this.#close();
    else if (does("connect")) this.#connect(button);
    else if (does("switch")) void toggle(this, button);
    else if (does("disconnect")) this.#confirmDisconnect(true);
    else if (does("confirmNo")) this.#confirmDisconnect(false);
    else if (does("confirmYes")) void this.#disconnect(button);
    else if (does("retry")) this.#loadCard(this.state as Opened);
    else if (does("alertClose")) {
      this.#alert.hidden = true;
      void this.bridge.invoke("setModalState", [{ connectionError: undefined }]).catch(() => undefined);
      this.#dialog.focus();
    } else if (button.getAttribute("role") === "tab") selectTab(button);
  }

  #onKey(event: KeyboardEvent): void {
    if (!this.#isShown) return;
    trapTab(this.#dialog, event);
    const confirm = this.#card.querySelector<HTMLElement>("[data-confirm]");
    if (event.key === "Escape") {
      if (confirm && !confirm.hidden) this.#confirmDisconnect(false);
      else this.#close();
    }
    const tab = (event.target as Element | null)?.closest?.('[role="tab"]');
    if (tab && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
      event.preventDefault();
      const tabs = [...this.#card.querySelectorAll<HTMLElement>('[role="tab"]')];
      const step = event.key === "ArrowRight" ? 1 : -1;
      const at = { Home: 0, End: tabs.length - 1 }[event.key] ?? (tabs.indexOf(tab as HTMLElement) + step + tabs.length) % tabs.length;
      const next = tabs[at];
      if (next) selectTab(next);
      next?.focus();
    }
  }
}

interface RequestDetail {
  path: string;
  headers: Record<string, string>;
}

interface SwapDetail {
  xhr: XMLHttpRequest;
  shouldSwap: boolean;
  isError: boolean;
}

function selectTab(chosen: HTMLElement): void {
  for (const tab of chosen.parentElement?.querySelectorAll<HTMLElement>('[role="tab"]') ?? []) {
    const isChosen = tab === chosen;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !isChosen;
  }
}

function part(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`The portal's page lacks ${selector}.`);
  return found;
}
