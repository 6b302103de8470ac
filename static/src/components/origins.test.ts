import { expect, it } from "vitest";
import { originProblem } from "./origins";

// The same table stands in tests/projects/test_origins.py: the page and the server agree.
it.each(["https://app.acme.com", "http://localhost:3000", "http://localhost:*", "http://127.0.0.1:*", "http://[::1]:8080", " https://App.Acme.com/ ", ""])(
  "accepts %j",
  (text) => expect(originProblem(text)).toBe(""),
);

it.each([
  ["app.acme.com", /Begin with/],
  ["ftp://app.acme.com", /Begin with/],
  ["javascript:alert(1)", /Begin with/],
  ["https://app.acme.com/path", /leave out the path/],
  ["https://app.acme.com?x=1", /leave out the path/],
  ["https://user@app.acme.com", /leave out the path/],
  ["https://*.acme.com", /host must be written out/],
  ["https://*", /host must be written out/],
  ["https://app acme.com", /host name/],
  ["https://", /host name/],
  ["http://[::1%x]", /host name/],
  ["http://[v1.x]", /host name/],
  ["https://app.acme.com:0", /port/],
  ["https://app.acme.com:99999", /port/],
  ["https://app.acme.com:abc", /port/],
  ["https://app.acme.com:", /port/],
])("refuses %j", (text, reason) => expect(originProblem(text)).toMatch(reason));
