import { describe, expect, it } from "vitest";
import { textToCopy } from "./copy";
import { errorText } from "./htmx";
import { colourJson } from "./json-view";
import { relativeTime } from "./relative-time";

describe("relative time", () => {
  const now = new Date("2026-11-23T12:00:00Z");

  it.each([
    ["2026-11-23T11:59:55Z", "just now"],
    ["2026-11-23T11:59:30Z", "30 seconds ago"],
    ["2026-11-23T11:58:01Z", "1 minute ago"],
    ["2026-11-23T09:00:00Z", "3 hours ago"],
    ["2026-11-22T11:00:00Z", "yesterday"],
    ["2026-11-23T12:05:00Z", "in 5 minutes"],
    ["2025-01-01T00:00:00Z", "last year"],
  ])("%s is %s", (moment, words) => expect(relativeTime(new Date(moment), now)).toBe(words));
});

describe("coloured JSON", () => {
  it("loses no character and runs no markup", () => {
    const text = JSON.stringify({ "<b>": '<img src=x onerror="alert(1)">', list: [1.5e-3, true, null, "a\\\"b"] }, null, 2);
    const box = document.createElement("pre");

    box.append(colourJson(text));

    expect(box.textContent).toBe(text);
    expect(box.querySelector("img, b")).toBeNull();
  });

  it("tells keys from strings", () => {
    const box = document.createElement("pre");

    box.append(colourJson('{"name": "Bo", "age": 41}'));

    expect([...box.querySelectorAll(".json-key")].map((it) => it.textContent)).toEqual(['"name"', '"age"']);
    expect(box.querySelector(".json-string")?.textContent).toBe('"Bo"');
    expect(box.querySelector(".json-number")?.textContent).toBe("41");
  });
});

describe("what a failed request says", () => {
  it.each([
    [409, '{"error": {"message": "Reload first."}}', "application/json", "Reload first."],
    [403, "Your role is viewer.", "text/plain", "Your role is viewer."],
    [500, "<html><h1>Server error</h1></html>", "text/html", "The server could not do that (500). Try again."],
    [500, "{broken", "application/json", "{broken"],
    [404, "<p>no</p>", "text/html", "That is not there any more. Reload the page."],
  ])("status %i with %s", (status, body, type, words) => expect(errorText(status, body, type)).toBe(words));
});

describe("copying", () => {
  it("takes the text itself, an element's text, a field's value, or the block's <pre>", () => {
    document.body.innerHTML = `
      <p id="words"> some words </p><input id="typed" value="typed">
      <button id="a" data-copy-text="as is"></button><button id="b" data-copy="#words"></button><button id="c" data-copy="#typed"></button>
      <div class="code-block"><pre>curl x</pre><button id="d" data-copy-block></button></div>`;
    const copied = ["a", "b", "c", "d"].map((id) => textToCopy(document.getElementById(id) as HTMLElement));

    expect(copied).toEqual(["as is", "some words", "typed", "curl x"]);
  });
});
