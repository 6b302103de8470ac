// The log-in's popup. Says what it has to say to its opener, once, and closes itself when all is well.

interface PopupData {
  message: unknown;
  origin: string;
  closes: boolean;
  waits: boolean;
}

const LATE_AFTER_MS = 20_000;
const CLOSES_AFTER_MS = 700;

const data = JSON.parse(document.getElementById("popup-data")?.textContent ?? "{}") as PopupData;

// The address holds the user token or the provider's code: neither belongs into the history.
history.replaceState(null, "", location.pathname);

// The opener is named by its origin, so that a page that has taken its place hears nothing.
if (data.message && data.origin && window.opener) (window.opener as Window).postMessage(data.message, data.origin);

if (data.waits) {
  setTimeout(() => {
    for (const spinner of document.querySelectorAll<HTMLElement>("[data-waiting]")) spinner.hidden = true;
    for (const late of document.querySelectorAll<HTMLElement>("[data-late]")) late.hidden = false;
  }, LATE_AFTER_MS);
} else {
  document.getElementById("popup-title")?.focus();
}

for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => window.close());
if (data.closes) setTimeout(() => window.close(), CLOSES_AFTER_MS);
