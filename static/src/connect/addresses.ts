// Where the SDK finds each of its services when all of them are one Isthmus.

export const STATE_KEY = "paragon-connect-user-state";

/** The SDK's addresses for a deployment at `origin`; also what an app gives to `configureGlobal` as overrides. */
export function addressesOf(origin: string): Record<string, string> {
  const assets = `${origin}/static/connect`;
  return {
    CONNECT_PUBLIC_URL: origin,
    DASHBOARD_PUBLIC_URL: assets,
    HERMES_PUBLIC_URL: origin,
    PASSPORT_PRODUCTION_URL: origin,
    PASSPORT_PUBLIC_URL: origin,
    ZEUS_PUBLIC_URL: origin,
    CDN_PUBLIC_URL: assets,
    WORKER_PROXY_PUBLIC_URL: origin,
    API_TRIGGER_KIT_PUBLIC_URL: origin,
  };
}

/** Forget a session that the SDK has stored for another server: its token means nothing here. */
export function dropForeignState(storage: Storage, origin: string): void {
  try {
    const stored = JSON.parse(storage.getItem(STATE_KEY) ?? "null") as { environments?: Record<string, string> } | null;
    if (stored && stored.environments?.["ZEUS_PUBLIC_URL"] !== origin) storage.removeItem(STATE_KEY);
  } catch {
    storage.removeItem(STATE_KEY);
  }
}
