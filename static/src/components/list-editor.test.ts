import { beforeEach, expect, it } from "vitest";
import { startListEditor } from "./list-editor";
import { originProblem } from "./origins";

beforeEach(() => {
  document.body.innerHTML = `<div><div class="list-editor" id="list">
      <div class="list-row"><input name="origin" value="https://a.example"><button type="button" data-remove-row></button></div>
      <div class="list-row"><input name="origin" value=""><button type="button" data-remove-row></button></div>
    </div><button type="button" data-add-row></button></div>`;
  startListEditor(document.getElementById("list") as HTMLElement, originProblem);
});

const inputs = () => [...document.querySelectorAll<HTMLInputElement>("input")];

it("adds an empty line and goes there", () => {
  document.querySelector<HTMLElement>("[data-add-row]")?.click();

  expect(inputs().map((input) => input.value)).toEqual(["https://a.example", "", ""]);
  expect(document.activeElement).toBe(inputs()[2]);
});

it("removes a line, but keeps the last one, empty", () => {
  for (const _ of [1, 2, 3]) document.querySelector<HTMLElement>("[data-remove-row]")?.click();

  expect(inputs().map((input) => input.value)).toEqual([""]);
});

it("says what is wrong beside the line when it is left, and takes it back once it is mended", () => {
  const input = inputs()[1] as HTMLInputElement;
  input.value = "acme.com";
  input.dispatchEvent(new Event("focusout", { bubbles: true }));
  expect(document.querySelector(".field-error")?.textContent).toMatch(/Begin with/);
  expect(input.getAttribute("aria-describedby")).toBe(document.querySelector(".field-error")?.id);

  input.value = "https://acme.com";
  input.dispatchEvent(new Event("input", { bubbles: true }));

  expect(document.querySelector(".field-error")).toBeNull();
  expect(input.hasAttribute("aria-invalid")).toBe(false);
});
