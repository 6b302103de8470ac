import { describe, expect, it } from "vitest";

import { findProblem, placeOf, sentence } from "./json-problems";

// The same cases as in tests/workflows/app_events/test_parsing.py: page and server say the same.
const REFUSED: [string, number, number, string][] = [
  ["", 1, 1, "empty"],
  ["[1]", 1, 1, "must be an object"],
  ["\n\n  42", 3, 3, "must be an object"],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3, "comma is missing"],
  ['{\n  "a": 1,\n}', 2, 9, "Remove this comma"],
  ["{'a': 1}", 1, 2, "double quotes"],
  [`{"a": 'x'}`, 1, 7, "double quotes"],
  ['{"a" 1}', 1, 6, "colon is missing"],
  ['{"a": "x', 1, 7, "never closed"],
  ['{"a": "x\ny"}', 1, 9, "line break"],
  ["{} {}", 1, 4, "has ended"],
  ['{"NaN": NaN}', 1, 9, "knows no NaN"],
  ['{"a": 1e999}', 1, 7, "too large"],
  [`{"a": ${"1".repeat(4_000)}}`, 1, 7, "digits"],
  ['{"a": "\\u0000"}', 1, 8, "can not be stored"],
  ['{"a": "\\ud83d"}', 1, 8, "can not be stored"],
  [`{"a": ${"[".repeat(1_000)}`, 1, 38, "nested"],
  ['{"a": "\\x"}', 1, 8, "backslash"],
  ['{"a": tru}', 1, 7, "value is missing"],
];

describe("findProblem", () => {
  it.each(REFUSED)("refuses %j at its line and column", (text, line, column, says) => {
    const problem = findProblem(text);

    expect(problem?.message).toContain(says);
    expect(placeOf(text, problem!.at)).toEqual({ line, column });
  });

  it.each(["{}", '{"a": [1, 2.5e3, null, true, {"ä": "😀"}]}', '{"a": "\\ud83d\\ude00 \\\\u0000"}'])("accepts %j", (text) => {
    expect(findProblem(text)).toBeNull();
    expect(() => JSON.parse(text)).not.toThrow();
  });

  it("keeps to the bounds that it is given", () => {
    const payload = { characters: 30, depth: 2, what: "payload" };

    expect(findProblem('{"a": {"b": 1}}', payload)).toBeNull();
    expect(findProblem('{"a": {"b": []}}', payload)?.message).toContain("more than 2 levels");
    expect(findProblem(`{"a": "${"x".repeat(30)}"}`, payload)?.message).toBe("The payload has more than 30 characters. Shorten it.");
  });

  it("names line and column in its sentence", () => {
    const text = '{\n  "a": 1,\n}';

    expect(sentence(text, findProblem(text)!)).toBe("Line 2, column 9: Remove this comma: nothing follows it.");
  });
});
