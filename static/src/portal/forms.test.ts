import { beforeEach, expect, test } from "vitest";

import { isDirty, keep, readValues, selectKept, showFaults, toldValues } from "./forms";

let form: HTMLFormElement;

function field(id: string, kind: string, control: string): string {
  return `<div data-field="${id}" data-kind="${kind}">${control}<p data-field-error hidden></p></div>`;
}
const control = <T extends HTMLElement>(name: string) => form.querySelector(`[name=${name}]`) as T;

beforeEach(() => {
  document.body.innerHTML = `<form>
    ${field("region", "text", '<input name="region" value="eu" required>')}
    ${field("limit", "number", '<input name="limit" type="text" value="3">')}
    ${field("copy", "switch", '<input name="copy" type="checkbox" checked>')}
    ${field("size", "select", '<select name="size"><option value="">Choose…</option><option value="1" selected>One</option><option value=\'"two"\'>Two</option></select>')}
    ${field("map", "", "")}
  </form>`;
  form = document.querySelector("form") as HTMLFormElement;
});

test("values keep their types", () => {
  expect(readValues(form)).toEqual({ region: "eu", limit: 3, copy: true, size: 1 });
  control<HTMLSelectElement>("size").value = '"two"';
  control<HTMLInputElement>("limit").value = "";
  expect(readValues(form)).toMatchObject({ size: "two", limit: "" });
});

test("a form is dirty as long as it differs from what is stored", () => {
  expect(isDirty(form)).toBe(false);
  control<HTMLInputElement>("copy").checked = false;
  expect(isDirty(form)).toBe(true);
  control<HTMLInputElement>("copy").checked = true;
  control<HTMLSelectElement>("size").value = "";
  expect(isDirty(form)).toBe(true);
});

test("saved values count as stored, and what has been typed meanwhile does not", () => {
  control<HTMLInputElement>("region").value = "us";
  control<HTMLInputElement>("copy").checked = false;
  control<HTMLSelectElement>("size").value = '"two"';
  const saved = readValues(form);
  keep(form, saved);
  expect(isDirty(form)).toBe(false);
  expect(readValues(form)).toEqual(saved);

  control<HTMLInputElement>("limit").value = "4";
  keep(form, saved);
  expect(isDirty(form)).toBe(true);
  expect(readValues(form)).toMatchObject({ region: "us", limit: 4, copy: false, size: "two" });
});

test("faults stand at their fields and go away again", () => {
  const region = control<HTMLInputElement>("region");
  region.value = "";
  expect(showFaults(form, true)).toBe(region);
  expect(region.getAttribute("aria-invalid")).toBe("true");
  expect(form.querySelector("[data-field=region] [data-field-error]")?.textContent).toBe("This has to be filled in.");
  expect(showFaults(form, false)).toBeNull();
  expect(region.hasAttribute("aria-invalid")).toBe(false);
});

test("a number that is none is a fault", () => {
  control<HTMLInputElement>("limit").value = "ten";
  expect(showFaults(form, false)).toBe(control("limit"));
});

test("dots stand for a password once it is saved, and go when one types", async () => {
  form.innerHTML = field("key", "password", '<input name="key" type="password" value="">');
  const key = control<HTMLInputElement>("key");
  key.value = "hunter2";

  keep(form, readValues(form));
  selectKept(key);
  await new Promise((resolve) => setTimeout(resolve));

  expect([key.value, key.defaultValue, isDirty(form)]).toEqual(["••••••", "••••••", false]);
  expect([key.selectionStart, key.selectionEnd]).toEqual([0, 6]);
});

test("a password that is typed while another is being saved stays typed", () => {
  form.innerHTML = field("key", "password", '<input name="key" type="password" value="">');
  const key = control<HTMLInputElement>("key");
  key.value = "hunter3";

  keep(form, { key: "hunter2" });

  expect([key.value, isDirty(form)]).toEqual(["hunter3", true]);
});

test("others hear dots for a password, whatever it is, and the values to save stay as they are", () => {
  form.insertAdjacentHTML("beforeend", field("key", "password", '<input name="key" type="password">'));
  expect(toldValues(form, readValues(form))).toMatchObject({ key: "", region: "eu", limit: 3 });
  for (const typed of ["hunter2", "••••••", " ", "••••••x"]) {
    control<HTMLInputElement>("key").value = typed;
    const values = readValues(form);
    expect(toldValues(form, values)).toMatchObject({ key: "••••••", region: "eu" });
    expect(values["key"]).toBe(typed);
  }
});
