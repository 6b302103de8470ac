// Pages with a JSON editor: a new App Event, one App Event.
import { startJsonEditors } from "../json-editor/json-editor";
import { startUnsavedGuards } from "../json-editor/unsaved-guard";

startJsonEditors();
startUnsavedGuards();
