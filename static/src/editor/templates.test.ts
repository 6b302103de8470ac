import { describe, expect, it } from "vitest";

import { openPlaceholder, placeholders, samePath } from "./templates";

const spans = (text: string) => placeholders(text).map((it) => text.slice(it.from, it.to));

describe("placeholders", () => {
  it("finds both spellings within text", () => {
    expect(spans("Hi {{ trigger.name }}, <<user.id>>!")).toEqual(["{{ trigger.name }}", "<<user.id>>"]);
  });

  it("tells the path from its filters", () => {
    expect(placeholders('{{ trigger.a | default: "x | y" | upcase }}')[0]).toMatchObject({ path: "trigger.a", filters: ['default: "x | y"', "upcase"] });
  });

  it("does not end at closers within quotes", () => {
    expect(spans('{{ trigger.a | append: "}}" }} after')).toEqual(['{{ trigger.a | append: "}}" }}']);
  });

  it.each(["{{", "{{ }}", "1 << 4", "{ { trigger.a } }", "{{ trigger.a", "<< trigger.a\n>>"])("finds none in %j", (text) => {
    expect(placeholders(text)).toEqual([]);
  });

  it("takes the first of three braces as text", () => {
    expect(spans("{{{ trigger.a }}}")).toEqual(["{{ trigger.a }}"]);
  });
});

describe("openPlaceholder", () => {
  const at = (text: string) => openPlaceholder(text.replace("|>", ""), text.indexOf("|>"));

  it("gives what has been typed since the opener", () => {
    expect(at("Dear {{las|>")).toMatchObject({ from: 5, query: "las", filterFrom: -1 });
    expect(at("<<|>")).toMatchObject({ from: 0, query: "" });
  });

  it("is none outside", () => {
    expect(at("{{ trigger.a }} |>")).toBeNull();
    expect(at("{{ trigger.a }}|>")).toBeNull();
    expect(at("|>{{ trigger.a }}")).toBeNull();
    expect(at("plain|>")).toBeNull();
  });

  it("reaches to the end of a closed one that is edited as text", () => {
    expect(at("x {{ trig|>ger.a }} y")).toMatchObject({ from: 2, to: 17, isClosed: true, query: " trig" });
  });

  it("is found after a closed one", () => {
    expect(at("{{ trigger.a }} {{b|>")).toMatchObject({ from: 16, query: "b" });
  });

  it("says where a filter is being typed", () => {
    expect(at("{{ trigger.a | up|>")).toMatchObject({ filterFrom: 14 });
  });
});

it("knows the same path in another spelling", () => {
  expect(samePath('trigger["first name"]', "trigger['first name']")).toBe(true);
  expect(samePath("trigger.items[0].sku", "trigger.items.0.sku")).toBe(true);
  expect(samePath("trigger.a", "trigger.b")).toBe(false);
});
