/** The shapes that the server sends (workflows/editor/snapshot.py) and takes (workflows/definition/schema.py). */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface Trigger {
  type: "app_event";
  app_event: string | null;
}

export interface Retry {
  tries?: number;
  base_seconds?: number;
  factor?: number;
  cap_seconds?: number;
  total_seconds?: number;
}

export interface Step {
  key: string;
  type: string;
  name: string;
  inputs: Record<string, Json>;
  required_inputs: string[];
  retry: Retry | null;
}

export interface Setting {
  id: string;
  title: string;
  type: string;
  required: boolean;
  values?: { value: string | number; label: string }[];
  default?: Json;
  subtitle?: string;
  placeholder?: string;
  tooltip?: string;
  hidden?: boolean;
}

export interface Definition {
  trigger: Trigger | null;
  steps: Step[];
  settings: Setting[];
  order_by: string | null;
  concurrency: number | null;
}

export interface Problem {
  code: string;
  message: string;
  step_key: string | null;
  field: string | null;
}

export interface VariableItem {
  path: string;
  label: string;
  sample: string;
  type: string;
}

export interface VariableGroup {
  title: string;
  root: string;
  items: VariableItem[];
}

export type DeployState = "never_deployed" | "live" | "edited_since" | "undeployed";

/** What each save may change. */
export interface LiveData {
  revision: number;
  savedAt: string;
  savedBy: string;
  state: DeployState;
  liveVersion: number | null;
  problems: Problem[];
  variables: VariableGroup[];
  example: Json;
  outputs: Record<string, Json>;
  summaries: Record<string, string>;
}

export interface ActionInfo {
  type: string;
  title: string;
  description: string;
  icon: string;
  provider: string;
}

export interface AppEventInfo {
  name: string;
  description: string;
  url?: string;
}

export interface EditorData extends LiveData {
  definition: Definition;
  readOnly: boolean;
  version: number | null;
  name: string;
  description: string;
  provider: { key: string; name: string };
  actions: ActionInfo[];
  appEvents: AppEventInfo[];
  sources: { id: string; label: string }[];
  filters: string[];
  urls: Record<"draft" | "form" | "details" | "appEvents" | "deploy" | "undeploy" | "versions" | "page", string>;
}

export type FieldType =
  | "text" | "textarea" | "number" | "boolean" | "date" | "datetime" | "select" | "email" | "url" | "id" | "record_type";

/** One input of a step's form; `name` is a path into the step's inputs ("fields.LastName"). */
export interface FormField {
  name: string;
  label: string;
  type: FieldType;
  required: boolean;
  help: string;
  choices: [value: string, label: string][];
  free_choice: boolean;
  max_length: number | null;
  takes_variables: boolean;
  group: string;
}

export interface StepForm {
  fields: FormField[];
  summary: string;
  source: string;
}

export interface Review {
  state: DeployState;
  revision: number;
  problems: Problem[];
  changes: { kind: string; text: string }[];
  liveVersion: number | null;
  nextVersion: number;
  usersSwitchedOn: number;
}

export type Selection = { kind: "workflow" } | { kind: "trigger" } | { kind: "settings" } | { kind: "step"; key: string };
