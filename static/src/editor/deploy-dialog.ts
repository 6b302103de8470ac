/** Deploying: what differs from what runs, what is missing, a note, and the button. And the way back: undeploy. */
import { ask } from "../components/confirm";
import { icon } from "../components/icons";
import { toast } from "../components/toasts";
import type { Editor } from "./context";
import { h, newId } from "./dom";
import { getJson, postJson, ServerError } from "./server";
import type { LiveData, Review } from "./types";
import { problemList } from "./workflow-panel";

export async function openDeployDialog(editor: Editor): Promise<void> {
  const dialog = h("dialog", { class: "confirm-dialog deploy-dialog", "aria-labelledby": "deploy-title" });
  const body = h("div", { class: "deploy-body" }, h("p", { class: "text-secondary" }, "Saving, and comparing with what runs…"));
  const title = h("h2", { id: "deploy-title" }, "Deploy this workflow");
  dialog.append(title, body);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  const isSaved = await editor.autosave.flush();
  if (!isSaved) return fail(dialog, body, "The draft could not be saved yet, so it can not be deployed.");
  try {
    show(editor, dialog, title, body, await getJson<Review>(editor.data.urls.deploy));
  } catch (error) {
    fail(dialog, body, (error as Error).message);
  }
}

function show(editor: Editor, dialog: HTMLDialogElement, title: HTMLElement, body: HTMLElement, review: Review): void {
  const close = h("button", { type: "button", class: "btn", onclick: () => dialog.close() }, "Close");
  if (review.problems.length) {
    title.textContent = "This can not be deployed yet";
    body.replaceChildren(problemList(editor, review.problems, () => dialog.close()), h("div", { class: "confirm-buttons" }, close));
    body.querySelector<HTMLElement>("button")?.focus();
    return;
  }
  if (review.state === "live") {
    title.textContent = `Version ${review.liveVersion} is live`;
    body.replaceChildren(h("p", {}, "The draft says the same, so there is nothing to deploy. Change something first."), h("div", { class: "confirm-buttons" }, close));
    close.focus();
    return;
  }
  title.textContent = `Deploy version ${review.nextVersion}`;
  const noteId = newId("deploy-note");
  const note = h("input", { class: "form-control", id: noteId, maxlength: 300, placeholder: "What is new, for your team", autocomplete: "off" });
  const error = h("div", { class: "field-error", role: "alert" });
  const deploy = h("button", { type: "submit", class: "btn btn-primary" }, icon("rocket"), `Deploy version ${review.nextVersion}`);
  const form = h("form", {}, changesPart(review),
    h("div", { class: "field" }, h("label", { class: "form-label", for: noteId }, "Note ", h("span", { class: "field-optional" }, "(optional)")), note), error,
    h("div", { class: "confirm-buttons" }, h("button", { type: "button", class: "btn", onclick: () => dialog.close() }, "Cancel"), deploy));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    deploy.disabled = true;
    postJson<LiveData & { version: number }>(editor.data.urls.deploy, { revision: review.revision, note: note.value }).then((answer) => {
      dialog.close();
      editor.store.receive(answer);
      toast(`Version ${answer.version} is live.`);
    }, (failure: ServerError) => {
      deploy.disabled = false;
      if (failure.status === 422 && Array.isArray(failure.body.problems)) show(editor, dialog, title, body, failure.body as unknown as Review);
      else error.textContent = failure.message;
    });
  });
  body.replaceChildren(form);
  deploy.focus();
}

function changesPart(review: Review): HTMLElement {
  const users = review.usersSwitchedOn;
  const whom = users === 1 ? "One user has" : `${users} users have`;
  const effect = users ? `${whom} it switched on: their next events run this version.` : "It runs for each user who switches it on in the Connect Portal.";
  const heading = review.liveVersion === null ? "What will run" : `What differs from version ${review.liveVersion}, which is live`;
  const changes = review.changes.length ? review.changes : [{ kind: "changed", text: "Only the order of names within it." }];
  return h("div", {}, h("h3", { class: "panel-subtitle" }, heading),
    h("ul", { class: "change-list" }, changes.map((change) => h("li", { class: `change-${change.kind}` }, change.text))),
    h("p", { class: "text-secondary" }, effect));
}

function fail(dialog: HTMLDialogElement, body: HTMLElement, words: string): void {
  body.replaceChildren(h("p", { role: "alert" }, words), h("div", { class: "confirm-buttons" }, h("button", { type: "button", class: "btn", onclick: () => dialog.close() }, "Close")));
}

export async function undeploy(editor: Editor): Promise<void> {
  try {
    const review = await getJson<Review>(editor.data.urls.deploy);
    const users = review.usersSwitchedOn;
    const whom = users === 0 ? "No user has it switched on at present." : users === 1 ? "One user has it switched on; for them it stops." : `${users} users have it switched on; for them it stops.`;
    const agreed = await ask({
      title: `Undeploy version ${review.liveVersion}?`,
      detail: `${whom} New events start no runs any more; runs under way go on to their end. The draft and all versions stay.`,
      button: "Undeploy",
      tone: "danger",
    });
    if (!agreed) return;
    editor.store.receive(await postJson<LiveData>(editor.data.urls.undeploy, {}));
    toast("Undeployed: new events start nothing any more.");
  } catch (error) {
    toast((error as Error).message, "error");
  }
}
