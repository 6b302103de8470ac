// Where the SDK finds Isthmus. All of the SDK's services are one origin there.
import { paragon } from "@useparagon/connect";

export function useIsthmus(url: string): void {
  const services = ["CONNECT", "HERMES", "PASSPORT", "ZEUS", "WORKER_PROXY", "API_TRIGGER_KIT"].map((name) => [`${name}_PUBLIC_URL`, url]);
  const assets = ["CDN", "DASHBOARD"].map((name) => [`${name}_PUBLIC_URL`, `${url}/static/connect`]);
  const overrides = Object.fromEntries([...services, ...assets, ["PASSPORT_PRODUCTION_URL", url]]) as Record<string, string>;
  paragon.configureGlobal({ host: new URL(url).host }, overrides);
}
