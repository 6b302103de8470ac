/** What the editor's parts share. */
import type { Autosave } from "./autosave";
import type { FormLoader } from "./forms";
import type { Store } from "./store";
import type { ActionInfo, EditorData } from "./types";

export interface Editor {
  data: EditorData;
  store: Store;
  autosave: Autosave;
  forms: FormLoader;
}

/** One of the panels at the right. */
export interface Panel {
  dom: HTMLElement;
  /** The server has answered: problems, samples and names may be others. */
  refresh(): void;
  focusField(name: string): void;
  destroy(): void;
}

export function actionOf(editor: Editor, type: string): ActionInfo | undefined {
  return editor.data.actions.find((action) => action.type === type);
}
