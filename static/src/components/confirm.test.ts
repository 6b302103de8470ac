import { beforeEach, expect, it, vi } from "vitest";
import { startConfirm } from "./confirm";

startConfirm();
const sent = vi.fn();

beforeEach(() => {
  sent.mockClear();
  // jsdom has no modal dialogs: the two methods, as the standard describes them for a form with method="dialog".
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  document.body.innerHTML = `<form id="f" data-confirm="Revoke?" data-confirm-button="Revoke"><button>Go</button></form>`;
  document.getElementById("f")?.addEventListener("submit", (event) => {
    event.preventDefault();
    sent();
  });
});

function answer(value: string): void {
  const dialog = document.querySelector("dialog") as HTMLDialogElement;
  dialog.returnValue = value;
  dialog.dispatchEvent(new Event("close"));
}

it("sends the form only after yes, and once", async () => {
  document.querySelector<HTMLButtonElement>("#f button")?.click();
  expect(sent).not.toHaveBeenCalled();
  expect(document.querySelector("dialog h2")?.textContent).toBe("Revoke?");

  answer("yes");

  await vi.waitFor(() => expect(sent).toHaveBeenCalledOnce());
  expect(document.querySelector("dialog")).toBeNull();
});

it("sends nothing after no, and asks again the next time", async () => {
  document.querySelector<HTMLButtonElement>("#f button")?.click();
  answer("no");
  await Promise.resolve();

  document.querySelector<HTMLButtonElement>("#f button")?.click();

  expect(sent).not.toHaveBeenCalled();
  expect(document.querySelectorAll("dialog")).toHaveLength(1);
});
