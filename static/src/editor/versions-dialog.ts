/** The versions, newest first, each to be looked at and to be made the draft again. */
import { relativeTime } from "../components/relative-time";
import type { Editor } from "./context";
import { h } from "./dom";
import { getJson } from "./server";

interface Version {
  number: number;
  note: string;
  by: string;
  at: string;
  isLive: boolean;
  url: string;
}

export async function openVersions(editor: Editor): Promise<void> {
  const body = h("div", {}, h("p", { class: "text-secondary" }, "Loading…"));
  const dialog = h("dialog", { class: "confirm-dialog versions-dialog", "aria-labelledby": "versions-title" },
    h("h2", { id: "versions-title" }, "Version history"), body,
    h("div", { class: "confirm-buttons" }, h("button", { type: "button", class: "btn", onclick: () => dialog.close() }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const { versions } = await getJson<{ versions: Version[] }>(editor.data.urls.versions);
    body.replaceChildren(versions.length ? h("ol", { class: "version-list" }, versions.map(row)) : h("p", {}, "There is none yet: each deploy freezes one."));
  } catch (error) {
    body.replaceChildren(h("p", { role: "alert" }, (error as Error).message));
  }
}

function row(version: Version): HTMLElement {
  const at = new Date(version.at);
  return h("li", {}, h("a", { href: version.url },
    h("span", { class: "version-number" }, `Version ${version.number}`, version.isLive && h("span", { class: "status-pill status-pill-ok ms-2" }, "Live")),
    h("span", { class: "version-line" }, `${version.by}, `, h("time", { datetime: version.at, title: at.toLocaleString("en-GB") }, relativeTime(at, new Date()))),
    version.note && h("span", { class: "version-note" }, version.note)));
}
