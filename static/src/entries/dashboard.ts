// The dashboard's shell: what every page may use. Pages with more to do bring an entry of their own.
import "../components/tabler.mjs";

import { startConfirm } from "../components/confirm";
import { startCopy } from "../components/copy";
import { startDownloads } from "../components/download";
import { startHtmx } from "../components/htmx";
import { startJsonViews } from "../components/json-view";
import { startRelativeTimes } from "../components/relative-time";
import { startSubmitOnce } from "../components/submit-once";
import { startTabs } from "../components/tabs";
import { startTheme } from "../components/theme";
import { startToasts, toast } from "../components/toasts";

startTheme();
startToasts();
startCopy();
startConfirm();
startDownloads();
startRelativeTimes();
startHtmx();
startSubmitOnce();

function bindFragments(): void {
  startTabs();
  startJsonViews();
}
bindFragments();
document.addEventListener("htmx:afterSettle", bindFragments);

// allauth's scripts for passkeys say so when the browser gave none.
document.addEventListener("allauth.error", () => toast("That did not work: the browser gave no passkey. Try again.", "error"));

// A menu that scrolls sideways on a phone begins at the page that one is on.
document.querySelector(".settings-nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
