/**
 * Asks before something is done: `data-confirm="Revoke this key?"` on a form, a submit button, or an element with hx-*.
 * `data-confirm-detail` says what follows from it, `data-confirm-button` names the act ("Revoke"),
 * `data-confirm-tone="primary"` makes the button a harmless one.
 */
interface Question {
  title: string;
  detail: string;
  button: string;
  tone: string;
}

function questionOf(element: HTMLElement): Question {
  const { confirm = "", confirmDetail = "", confirmButton = "Continue", confirmTone = "danger" } = element.dataset;
  return { title: confirm, detail: confirmDetail, button: confirmButton, tone: confirmTone };
}

export function ask(question: Question): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm-dialog";
  dialog.setAttribute("aria-labelledby", "confirm-title");
  const form = document.createElement("form");
  form.method = "dialog";
  const title = document.createElement("h2");
  title.id = "confirm-title";
  title.textContent = question.title;
  const buttons = document.createElement("div");
  buttons.className = "confirm-buttons";
  buttons.append(choice("Cancel", "btn", "no"), choice(question.button, `btn btn-${question.tone}`, "yes"));
  form.append(title);
  if (question.detail) {
    const detail = document.createElement("p");
    detail.className = "text-secondary";
    detail.id = "confirm-detail";
    detail.textContent = question.detail;
    dialog.setAttribute("aria-describedby", detail.id);
    form.append(detail);
  }
  form.append(buttons);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

function choice(text: string, className: string, value: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.className = className;
  button.value = value;
  button.textContent = text;
  return button;
}

const agreed = new WeakSet<HTMLElement>();

export function startConfirm(): void {
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target as HTMLFormElement;
      const submitter = event.submitter;
      const asking = submitter?.dataset.confirm ? submitter : form.dataset.confirm ? form : null;
      if (!asking || agreed.delete(asking)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void ask(questionOf(asking)).then((yes) => {
        if (!yes) return;
        agreed.add(asking);
        form.requestSubmit(submitter ?? undefined);
      });
    },
    true,
  );
  // Elements that htmx acts for, other than forms: htmx asks here before each request.
  document.addEventListener("htmx:confirm", (event) => {
    const detail = (event as CustomEvent<{ elt: HTMLElement; issueRequest: (skip?: boolean) => void }>).detail;
    const element = detail.elt;
    if (!element.dataset.confirm || element instanceof HTMLFormElement) return;
    event.preventDefault();
    void ask(questionOf(element)).then((yes) => yes && detail.issueRequest(true));
  });
}
