// Acme's page: the tutorial's steps, with the SDK from npm as it is.
import { connectSingleton, paragon } from "@useparagon/connect";

import { showIntegrations, showProblem } from "./integrations";
import { useIsthmus } from "./isthmus";
import { startLeads } from "./leads";
import { clearLog, log, wordsOf } from "./log";

const { isthmusUrl = "", appEvent = "" } = document.documentElement.dataset;

// 1. Say where Isthmus is.
useIsthmus(isthmusUrl);

// 2. Hear of everything that happens.
for (const name of ["onIntegrationInstall", "onIntegrationUninstall", "onWorkflowChange", "onPortalOpen", "onPortalClose"] as const) {
  paragon.subscribe(name as Parameters<typeof paragon.subscribe>[0], (event: unknown) => {
    log("event", name, event);
    showIntegrations();
  });
}

// 3. Let Acme's back end sign a token for its user, and show it to Isthmus.
async function authenticate(): Promise<void> {
  const response = await fetch("/api/token");
  const answer = (await response.json()) as { projectId: string; token: string; message?: string };
  if (!response.ok) throw new Error(answer.message ?? `Acme's back end answered ${response.status}.`);
  await paragon.authenticate(answer.projectId, answer.token);
  log("state", "authenticated", paragon.getUser());
}

document.addEventListener("DOMContentLoaded", () => {
  startLeads(appEvent);
  document.querySelector("[data-show-user]")?.addEventListener("click", () => log("state", "getUser()", paragon.getUser()));
  document.querySelector("[data-clear-log]")?.addEventListener("click", clearLog);
  document.querySelector<HTMLSelectElement>("#user")?.addEventListener("change", (event) => {
    connectSingleton.logout(); // the SDK remembers a session in localStorage; another user must not find it
    (event.target as HTMLSelectElement).form?.submit();
  });
  document.getElementById("paragon-connect-frame")?.setAttribute("title", "Connect Portal"); // the SDK gives it none
  authenticate().then(
    () => {
      showIntegrations();
      for (const button of document.querySelectorAll<HTMLButtonElement>("[data-lead-form] button[value=sdk]")) button.disabled = false;
    },
    (error: unknown) => {
      const words = /failed to fetch/i.test(String(error)) ? `Isthmus does not answer at ${isthmusUrl}. Is it running?` : wordsOf(error);
      log("error", "authenticate was refused", words);
      showProblem(words);
    },
  );
});
