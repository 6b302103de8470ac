// The lead form: the same App Event by the SDK from this page, and by REST from Acme's back end.
import { paragon } from "@useparagon/connect";

import { log, wordsOf } from "./log";

interface Receipt {
  event_id: string;
  runs: { workflow: string }[];
  skipped: { workflow: string; message: string }[];
}

export function startLeads(appEvent: string): void {
  const form = document.querySelector<HTMLFormElement>("[data-lead-form]");
  const result = document.querySelector<HTMLElement>("[data-lead-result]");
  if (!form || !result) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const by = (event.submitter as HTMLButtonElement | null)?.value ?? "sdk";
    const lead = Object.fromEntries(new FormData(form)) as Record<string, string>;
    result.dataset["tone"] = "";
    result.textContent = "Sending…";
    (by === "rest" ? sendByRest(lead) : sendBySdk(appEvent, lead)).then(
      (words) => {
        result.dataset["tone"] = "ok";
        result.textContent = words;
      },
      (error: unknown) => {
        log("error", "The lead was not taken", wordsOf(error));
        result.dataset["tone"] = "bad";
        result.textContent = wordsOf(error);
      },
    );
  });
}

async function sendBySdk(appEvent: string, lead: Record<string, string>): Promise<string> {
  log("call", `paragon.event("${appEvent}", …)`, lead);
  await paragon.event(appEvent, lead);
  return `Sent by the SDK: ${nameOf(lead)} is on the way.`;
}

async function sendByRest(lead: Record<string, string>): Promise<string> {
  log("call", "POST /api/leads (Acme's back end sends the event)", lead);
  const response = await fetch("/api/leads", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(lead) });
  const answer = (await response.json()) as Receipt & { message?: string };
  if (!response.ok) throw new Error(answer.message ?? `Acme's back end answered ${response.status}.`);
  log("event", "Receipt from Isthmus", answer);
  const [skipped] = answer.skipped;
  if (answer.runs.length === 0) return skipped ? `Taken, but “${skipped.workflow}” did not start. ${skipped.message}` : "Taken, but no workflow listens to it.";
  return `Taken: ${nameOf(lead)} is on the way (${answer.runs.map(({ workflow }) => workflow).join(", ")}).`;
}

function nameOf(lead: Record<string, string>): string {
  return [lead["first_name"], lead["last_name"]].filter(Boolean).join(" ");
}
