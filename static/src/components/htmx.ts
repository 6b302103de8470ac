/** What goes wrong in an htmx request is said in a toast; a fragment of 422 is swapped (see the htmx-config in base.html). */
import { toast } from "./toasts";

interface ResponseDetail {
  xhr: XMLHttpRequest;
}

export function errorText(status: number, body: string, contentType: string): string {
  if (contentType.startsWith("application/json")) {
    try {
      const message = (JSON.parse(body) as { error?: { message?: string } }).error?.message;
      if (message) return message;
    } catch {
      // Not JSON after all: the words below.
    }
  }
  const plain = !/[<>]/.test(body) && body.length > 0 && body.length < 300 ? body.trim() : "";
  switch (status) {
    case 403:
      return plain || "You may not do that. If you were away for long, reload the page.";
    case 404:
      return "That is not there any more. Reload the page.";
    case 409:
      return plain || "Somebody else changed this meanwhile. Reload the page.";
    case 429:
      return "Too many requests. Wait a moment.";
    default:
      return plain || `The server could not do that (${status}). Try again.`;
  }
}

export function startHtmx(): void {
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = (event as CustomEvent<ResponseDetail>).detail;
    toast(errorText(xhr.status, xhr.responseText, xhr.getResponseHeader("Content-Type") ?? ""), "error");
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const element = (event as CustomEvent<{ elt?: HTMLElement }>).detail.elt;
      if (element?.closest("[data-quiet]")) return; // pages that poll say it in their own place
      toast("Isthmus does not answer. Check your connection and try again.", "error");
    });
  }
}
