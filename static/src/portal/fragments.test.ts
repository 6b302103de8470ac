// @vitest-environment jsdom
import { expect, test } from "vitest";

import { cardAddress, isFragment, isFragmentAddress, rowAddress } from "./fragments";

const PID = "11111111-1111-4111-8111-111111111111";
const WID = "55555555-5555-4555-8555-555555555555";
const QUERY = new URLSearchParams({ integration: "i1", credential: "ext:a&b=../c#d" });

function answer(changes: { url?: string; headers?: Record<string, string> } = {}) {
  const headers: Record<string, string> = { "Content-Type": "text/html; charset=utf-8", "X-Isthmus-Fragment": "portal", ...changes.headers };
  return {
    responseURL: changes.url ?? `${location.origin}/ui/${PID}/card?integration=i1`,
    getResponseHeader: (name: string) => headers[name] ?? null,
  };
}

test("the addresses that the portal makes are its own, whatever stands in the ids", () => {
  expect(cardAddress(PID, QUERY)).toBe(`/ui/${PID}/card?integration=i1&credential=ext%3Aa%26b%3D..%2Fc%23d`);
  expect(isFragmentAddress(cardAddress(PID, QUERY))).toBe(true);
  expect(isFragmentAddress(rowAddress(PID, WID, QUERY))).toBe(true);
  for (const id of ["../settings/members/?x=", "..", ".", "%2e%2e/x", "a/b", "\\..\\x", `${PID}/../..`]) {
    expect(isFragmentAddress(cardAddress(id, QUERY)), id).toBe(false);
    expect(isFragmentAddress(rowAddress(PID, id, QUERY)), id).toBe(false);
  }
});

test.each([
  "/settings/members/",
  `/ui/../settings/members/`,
  `/ui/${PID}/../../settings/members/`,
  `/ui/${PID}/%2e%2e/%2e%2e/projects/${PID}/sdk/me`,
  `/ui/${PID}/card/../../../x`,
  `//evil.example/ui/${PID}/card`,
  `https://evil.example/ui/${PID}/card`,
  `/\\evil.example/ui/${PID}/card`,
  `javascript:alert(1)//ui/${PID}/card`,
  "/ui",
])("%s is no address of a fragment", (address) => expect(isFragmentAddress(address)).toBe(false));

test("only what says that it is a fragment of ours is one", () => {
  expect(isFragment(answer())).toBe(true);
  expect(isFragment(answer({ headers: { "X-Isthmus-Fragment": "" } }))).toBe(false);
  expect(isFragment(answer({ headers: { "X-Isthmus-Fragment": "other" } }))).toBe(false);
  expect(isFragment(answer({ headers: { "Content-Type": "application/json" } }))).toBe(false);
  expect(isFragment(answer({ url: `${location.origin}/projects/${PID}/sdk/me` }))).toBe(false);
  expect(isFragment(answer({ url: `https://evil.example/ui/${PID}/card` }))).toBe(false);
});
