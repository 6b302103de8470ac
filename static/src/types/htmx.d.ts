interface HtmxApi {
  process(element: Element): void;
  trigger(element: Element | string, name: string, detail?: unknown): void;
  ajax(verb: string, path: string, context?: unknown): Promise<void>;
}

interface Window {
  htmx?: HtmxApi;
}
