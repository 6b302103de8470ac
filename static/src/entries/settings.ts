// The settings pages: the list of origins, and selects that act at once.
import { startListEditor } from "../components/list-editor";
import { originProblem } from "../components/origins";

for (const editor of document.querySelectorAll<HTMLElement>('[data-list-editor="origin"]')) {
  startListEditor(editor, originProblem);
}

document.addEventListener("change", (event) => {
  const select = (event.target as Element).closest<HTMLSelectElement>("[data-submit-on-change]");
  select?.form?.requestSubmit();
});
