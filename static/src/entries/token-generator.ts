// Settings > Token generator: signs a test token in the page. The page's policy (connect-src 'none') lets it send nothing.
import { colourJson } from "../components/json-view";
import { PemProblem } from "../token-generator/pem";
import { claimsFor, loadKey, signToken, type LoadedKey } from "../token-generator/signing";

interface KnownKey {
  fingerprint: string;
  name: string;
  revoked: boolean;
}

const form = document.getElementById("token-form") as HTMLFormElement;
const pem = document.getElementById("token-pem") as HTMLTextAreaElement;
const known = JSON.parse(document.getElementById("known-keys")?.textContent ?? "[]") as KnownKey[];

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void generate();
});
document.getElementById("token-file")?.addEventListener("change", (event) => {
  const input = event.target as HTMLInputElement;
  void take(input.files?.[0]).then(() => (input.value = ""));
});
pem.addEventListener("input", () => void checkKey(false));

const validity = document.getElementById("token-validity") as HTMLSelectElement;
validity.addEventListener("change", () => warnOfLongLife());
warnOfLongLife();

const target = pem.closest<HTMLElement>(".drop-target");
for (const name of ["dragenter", "dragover"]) {
  target?.addEventListener(name, (event) => {
    event.preventDefault();
    target.classList.add("dropping");
  });
}
for (const name of ["dragleave", "drop"]) target?.addEventListener(name, () => target.classList.remove("dropping"));
target?.addEventListener("drop", (event) => {
  event.preventDefault();
  void take(event.dataTransfer?.files[0]);
});

async function take(file: File | undefined): Promise<void> {
  if (!file) return;
  pem.value = file.size < 100_000 ? await file.text() : "";
  await checkKey(true);
}

async function generate(): Promise<void> {
  const loaded = await checkKey(true);
  const subject = field("token-sub");
  const sub = subject.value.trim();
  show("token-sub-error", sub ? "" : "Say which of your users the token is for: the id that your app knows them by.");
  mark(subject, !sub);
  if (!loaded || !sub) {
    (loaded ? subject : pem).focus();
    return;
  }
  const extra = { name: field("token-name").value, email: field("token-email").value };
  const claims = claimsFor(sub, Number(validity.value), extra);
  const token = await signToken(claims, loaded.key);
  place("token-output").textContent = token;
  place("token-claims").replaceChildren(colourJson(JSON.stringify(claims, null, 2)));
  place("token-until").textContent = new Date(claims.exp * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  const result = place("token-result");
  result.hidden = false;
  result.scrollIntoView({ block: "nearest" });
  document.getElementById("announcements")?.replaceChildren("The token is signed.");
}

/** Says which key was given; while somebody types (`insist` false), an empty field is no error yet. */
async function checkKey(insist: boolean): Promise<LoadedKey | null> {
  if (!insist && !pem.value.trim()) {
    say("", "");
    return null;
  }
  try {
    const loaded = await loadKey(pem.value);
    describe(loaded.fingerprint);
    return loaded;
  } catch (problem) {
    if (!(problem instanceof PemProblem)) throw problem;
    say(problem.message, problem.command);
    return null;
  }
}

function describe(fingerprint: string): void {
  const match = known.find((key) => key.fingerprint === fingerprint);
  const note = place("token-key-note");
  say("", "");
  note.hidden = false;
  if (!match) note.textContent = "This key is not one of this project's: tokens signed with it are refused here.";
  else if (match.revoked) note.textContent = `This is ${match.name}, which is revoked: tokens signed with it are refused.`;
  else note.textContent = `This is ${match.name}, a valid key of this project.`;
  note.className = `field-help ${match && !match.revoked ? "text-ok" : "text-warn"}`;
}

/** Says that a token of the chosen life would be refused. The server allows for clocks that differ, the page does not. */
function warnOfLongLife(): void {
  const hours = Number(validity.dataset.maxHours);
  const tooLong = Number(validity.value) > hours * 3600;
  const longest = hours === 1 ? "an hour" : `${hours} hours`;
  place("token-validity-note").textContent = tooLong
    ? `This project refuses tokens that are valid for more than ${longest}. Choose less, or have an admin raise the bound under General.`
    : "";
}

function say(problem: string, command: string): void {
  show("token-pem-error", problem);
  mark(pem, problem !== "");
  const note = place("token-key-note");
  note.hidden = true;
  const advice = place("token-command");
  advice.hidden = !command;
  place("token-command-text").textContent = command;
}

function show(id: string, text: string): void {
  const element = place(id);
  element.textContent = text;
  element.hidden = !text;
}

function mark(input: HTMLElement, wrong: boolean): void {
  input.classList.toggle("is-invalid", wrong);
  input.setAttribute("aria-invalid", String(wrong));
}

function place(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`#${id} is missing`);
  return element;
}

function field(id: string): HTMLInputElement {
  return place(id) as HTMLInputElement;
}
