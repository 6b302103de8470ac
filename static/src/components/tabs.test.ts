import { beforeEach, expect, it } from "vitest";
import { startTabs } from "./tabs";

beforeEach(() => {
  localStorage.clear();
  document.body.innerHTML = `
    <div data-tabs="language">
      <div role="tablist"><button role="tab" aria-controls="p">Python</button><button role="tab" aria-controls="c">curl</button></div>
      <div role="tabpanel" id="p"></div><div role="tabpanel" id="c"></div>
    </div>`;
});

const tab = (at: number) => document.querySelectorAll<HTMLElement>('[role="tab"]')[at] as HTMLElement;
const shown = () => [...document.querySelectorAll<HTMLElement>('[role="tabpanel"]')].filter((it) => !it.hidden).map((it) => it.id);

it("shows the first panel, and another at a click", () => {
  startTabs();
  expect(shown()).toEqual(["p"]);

  tab(1).click();

  expect(shown()).toEqual(["c"]);
  expect(tab(1).getAttribute("aria-selected")).toBe("true");
});

it("moves by arrow keys, round the end", () => {
  startTabs();

  tab(0).dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));

  expect(shown()).toEqual(["c"]);
  expect(document.activeElement).toBe(tab(1));
});

it("opens the tab that was chosen on another page", () => {
  startTabs();
  tab(1).click();
  document.querySelector("[data-tabs]")?.removeAttribute("data-tabs-ready");

  startTabs();

  expect(shown()).toEqual(["c"]);
});
