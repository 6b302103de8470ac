// What the portal may fetch and show: fragments of its own, from addresses of its own. htmx takes any answer for HTML and obeys
// what stands in it, so that whatever else our origin serves (a dashboard page, an end user's own data) must never get in.

/** The header of connect_portal/views/portal.py. */
const MARK = "X-Isthmus-Fragment";
const MARKED = "portal";
const ADDRESS = /^\/ui\/[0-9a-f-]{36}\/(card|workflows\/[0-9a-f-]{36})$/;

export function cardAddress(projectId: string, query: URLSearchParams): string {
  return `/ui/${encodeURIComponent(projectId)}/card?${query}`;
}

export function rowAddress(projectId: string, workflowId: string, query: URLSearchParams): string {
  return `/ui/${encodeURIComponent(projectId)}/workflows/${encodeURIComponent(workflowId)}?${query}`;
}

/** Whether this is, once the browser has resolved it, one of the portal's own addresses. */
export function isFragmentAddress(address: string): boolean {
  const { origin, pathname } = new URL(address, location.href);
  return origin === location.origin && ADDRESS.test(pathname);
}

/** Whether an answer says that it is a fragment of the portal, and came from where one comes from. */
export function isFragment(answer: Pick<XMLHttpRequest, "responseURL" | "getResponseHeader">): boolean {
  const type = answer.getResponseHeader("Content-Type") ?? "";
  return isFragmentAddress(answer.responseURL) && answer.getResponseHeader(MARK) === MARKED && type.startsWith("text/html");
}
