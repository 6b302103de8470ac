/** CodeMirror in the page's own colours: they come from CSS variables, so that light and dark need nothing here. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const editorTheme = EditorView.theme({
  "&": { color: "var(--tblr-body-color)", backgroundColor: "transparent", fontSize: "0.8125rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { caretColor: "var(--tblr-body-color)", fontFamily: "var(--tblr-font-monospace)", padding: "0.5rem 0" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--tblr-body-color)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--tblr-secondary)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "rgba(var(--tblr-primary-rgb), 0.05)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "rgba(var(--tblr-primary-rgb), 0.2)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "rgba(var(--tblr-primary-rgb), 0.15)",
    outline: "none",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--tblr-bg-surface)",
    color: "var(--tblr-body-color)",
    border: "1px solid var(--tblr-border-color)",
    borderRadius: "var(--tblr-border-radius)",
  },
  ".cm-foldPlaceholder": { backgroundColor: "transparent", color: "var(--tblr-secondary)", border: "1px solid var(--tblr-border-color)" },
});

export const jsonHighlighting = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.propertyName, class: "json-key" },
    { tag: tags.string, class: "json-string" },
    { tag: tags.number, class: "json-number" },
    { tag: [tags.bool, tags.null], class: "json-word" },
    { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], color: "var(--tblr-secondary)" },
  ]),
);
