// The workflow editor: puts its parts together on the page of templates/workflows/editor/page.html.
import { toast } from "../components/toasts";
import { Autosave } from "../editor/autosave";
import { Canvas } from "../editor/canvas";
import type { Editor } from "../editor/context";
import { openDeployDialog, undeploy } from "../editor/deploy-dialog";
import { Details } from "../editor/details";
import { FormLoader } from "../editor/forms";
import { PanelHost } from "../editor/panel-host";
import { postJson } from "../editor/server";
import { Store } from "../editor/store";
import { Toolbar } from "../editor/toolbar";
import type { Definition, EditorData, LiveData } from "../editor/types";
import { openVersions } from "../editor/versions-dialog";

function start(root: HTMLElement, data: EditorData): void {
  const store = new Store(data.definition, data, data.readOnly);
  let toolbar: Toolbar | null = null;
  const save = (definition: Definition, revision: number) => postJson<LiveData>(data.urls.draft, { definition, revision });
  const autosave = new Autosave(store, save, (status) => toolbar?.showSaving(status));
  const sourceKey = `isthmus-source-${data.urls.page}`;
  const remembered = sessionStorage.getItem(sourceKey) ?? "";
  const source = data.sources.some((it) => it.id === remembered) ? remembered : "";
  const editor: Editor = { data, store, autosave, forms: new FormLoader(data.urls.form, source) };
  toolbar = new Toolbar(editor, root);

  const nameError = root.querySelector<HTMLElement>("[data-name-error]");
  const details = new Details(data.urls.details, data.name, data.description, (error) => {
    if (nameError) nameError.textContent = error;
    if (!error) document.title = `${details.name} · Isthmus`;
  });
  const name = root.querySelector<HTMLInputElement>("[data-name]");
  name?.addEventListener("input", () => {
    if (name.value.trim()) details.change({ name: name.value });
    else if (nameError) nameError.textContent = "A workflow needs a name.";
  });
  name?.addEventListener("blur", () => {
    if (!name.value.trim()) name.value = details.name;
    if (nameError?.textContent === "A workflow needs a name.") nameError.textContent = "";
  });

  const panelRoot = root.querySelector<HTMLElement>("[data-panel]")!;
  const canvasRoot = root.querySelector<HTMLElement>("[data-canvas]")!;
  const panels = new PanelHost(editor, panelRoot, details, () => {
    canvas.focusSelected();
    if (store.selection.kind === "workflow") canvasRoot.querySelector<HTMLElement>(".node-main")?.focus();
  });
  const canvas = new Canvas(editor, canvasRoot, (byKeyboard) => {
    panels.open();
    if (byKeyboard) panels.focus();
  });
  if (!data.readOnly && !data.definition.trigger?.app_event) store.select({ kind: "trigger" }, { open: false });

  bind(root, editor, panels);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && autosave.status.kind === "saving") void autosave.flush();
  });
  window.addEventListener("beforeunload", (event) => {
    sessionStorage.setItem(sourceKey, editor.forms.source);
    if (!data.readOnly && (!autosave.isSaved || !details.isSaved)) event.preventDefault();
  });
}

function bind(root: HTMLElement, editor: Editor, panels: PanelHost): void {
  const { store, autosave } = editor;
  const on = (selector: string, act: () => void) => root.querySelector(selector)?.addEventListener("click", act);
  on("[data-deploy]", () => void openDeployDialog(editor));
  on("[data-undeploy]", () => void undeploy(editor));
  on("[data-versions]", () => void openVersions(editor));
  on("[data-problem-count]", () => {
    store.select({ kind: "workflow" });
    panels.open();
    panels.focus();
  });
  on("[data-about]", () => {
    store.select({ kind: "workflow" });
    panels.open();
  });
  on("[data-reload-theirs]", () => {
    autosave.forget();
    window.location.reload();
  });
  on("[data-keep-mine]", () => void autosave.keepMine().then(() => autosave.isSaved && toast("Yours is the draft now.")));
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (key === "s") {
      event.preventDefault();
      void autosave.flush();
    }
    if (event.defaultPrevented || (event.target as Element).closest("input, textarea")) return;
    if (key === "z") event.shiftKey ? store.redo() : store.undo();
    else if (key === "y") store.redo();
    else return;
    event.preventDefault();
  });
}

const root = document.querySelector<HTMLElement>("[data-editor]");
const script = document.getElementById("editor-data");
if (root && script) start(root, JSON.parse(script.textContent ?? "{}") as EditorData);
