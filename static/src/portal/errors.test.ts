import { expect, test } from "vitest";

import { explain } from "./errors";

test("no error has no words", () => {
  for (const none of [null, undefined, ""]) expect(explain(none)).toBeNull();
});

test("a blocked window is told as such, with what to do", () => {
  expect(explain(new Error("Popup was blocked by the browser."))?.text).toMatch(/Allow pop-ups/);
});

test("the callback page's message is told by its own words", () => {
  const error = { type: "oauth_error_callback", error: "access_denied", errorResponse: { message: "You did not allow access.", code: "access_denied" } };
  expect(explain(error)).toEqual({ title: "Nothing was connected", text: "You did not allow access." });
});

test("the server's JSON in an error's message is unwrapped", () => {
  const error = new Error(JSON.stringify({ message: "Fill in first: Region.", code: "setting_missing", status: 422 }));
  expect(explain(error)).toEqual({ title: "Something has to be filled in first", text: "Fill in first: Region." });
});

test("a lost network is told as such", () => {
  for (const words of ["Failed to fetch", "NetworkError when attempting to fetch resource.", "Load failed"]) {
    expect(explain(new Error(words))?.title).toBe("The server did not answer");
  }
});

test("whatever else comes is never an empty box", () => {
  for (const odd of [{}, 42, new Error(""), new Error("{}"), { errorResponse: {} }, new Error("plain words")]) {
    expect(explain(odd)?.text).toBeTruthy();
  }
});
