import { beforeEach, expect, test } from "vitest";

import { addressesOf, dropForeignState, STATE_KEY } from "./addresses";

const HERE = "https://isthmus.example";

beforeEach(() => localStorage.clear());

test("every address is on the deployment, and none holds the word that makes the SDK take a call for a proxied one", () => {
  const addresses = Object.values(addressesOf(HERE));
  expect(addresses).toHaveLength(9);
  for (const address of addresses) {
    expect(address.startsWith(HERE)).toBe(true);
    expect(address).not.toContain("proxy");
  }
});

test("a session stored for another server is forgotten, one for this server is kept", () => {
  const stored = (url: string) => JSON.stringify({ projectId: "p", environments: { ZEUS_PUBLIC_URL: url } });
  localStorage.setItem(STATE_KEY, stored(HERE));
  dropForeignState(localStorage, HERE);
  expect(localStorage.getItem(STATE_KEY)).not.toBeNull();
  for (const foreign of [stored("https://zeus.example"), "{}", "not json"]) {
    localStorage.setItem(STATE_KEY, foreign);
    dropForeignState(localStorage, HERE);
    expect(localStorage.getItem(STATE_KEY)).toBeNull();
  }
});
