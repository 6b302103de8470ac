// The Connect Portal's page in the SDK's frame. It reads from our server, by htmx, with the user token that the SDK has
// told it; it writes through the SDK, over the bridge, so that the host's page always knows what has changed.
import { Bridge } from "../portal/bridge";
import { Portal } from "../portal/portal";

if (window.parent === window) {
  for (const alone of document.querySelectorAll<HTMLElement>("[data-alone]")) alone.hidden = false;
} else {
  const portal = new Portal(new Bridge(window.parent));
  window.addEventListener("message", (event) => {
    if (event.source === window.parent) portal.hear(event.data, event.origin);
  });
  portal.start();
}
