"""Code to copy into the app, with this project's values filled in: from the user token to the first event.

The snippets for a shell and for Python run as they stand; the tests run the Python one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.models import Integration
from projects.models import Project
from workflows.models import AppEvent

KEY_FILE = "isthmus-signing-key.pem"
USER_ID = "user-1"
_DEFAULT_EVENT = "Lead Created"
_DEFAULT_EXAMPLE = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "company": "Engines",
    "title": "Countess",
}


@dataclass(frozen=True)
class Snippet:
    """One tab: a title, code to copy, and a word on where it belongs."""

    key: str
    title: str
    language: str
    about: str
    code: str


@dataclass(frozen=True)
class Values:
    """What is filled in."""

    base_url: str
    project_id: str
    provider_key: str
    event: str
    example: Mapping[str, Any]

    @property
    def trigger_url(self) -> str:
        return f"{self.base_url}/projects/{self.project_id}/sdk/events/trigger"


def values_of(project: Project, integration: Integration | None, base_url: str, provider_key: str) -> Values:
    """The project's own values; its newest App Event stands as the example."""
    event = AppEvent.objects.for_project(project).order_by("-created_at").first()
    return Values(
        base_url=base_url,
        project_id=str(project.pk),
        provider_key=integration.provider_key if integration else provider_key,
        event=event.name if event else _DEFAULT_EVENT,
        example=event.example if event else _DEFAULT_EXAMPLE,
    )


def all_snippets(values: Values) -> list[Snippet]:
    """In the order of the tabs."""
    return [
        Snippet(
            "sdk",
            "SDK (npm)",
            "js",
            "In your front end, after npm install @useparagon/connect. Your back end signs userToken: see Python or Node.",
            sdk(values),
        ),
        Snippet(
            "script",
            "Script tag",
            "html",
            "The same SDK for pages without a bundler, pointed at this Isthmus already.",
            script_tag(values),
        ),
        Snippet(
            "python", "Python", "python", "In your back end, after pip install pyjwt[crypto] requests.", python(values)
        ),
        Snippet("node", "Node", "js", "In your back end: signs a user token with Node's own crypto.", node(values)),
        Snippet(
            "curl",
            "curl",
            "bash",
            "From a shell, with a token of the token generator or of your back end.",
            curl(values),
        ),
    ]


def sdk(values: Values) -> str:
    return f"""import {{ paragon }} from "@useparagon/connect";

const host = {_js(values.base_url)};
paragon.configureGlobal({{ host }}, {{
  CONNECT_PUBLIC_URL: host,
  ZEUS_PUBLIC_URL: host,
  HERMES_PUBLIC_URL: host,
  PASSPORT_PUBLIC_URL: host,
  PASSPORT_PRODUCTION_URL: host,
  WORKER_PROXY_PUBLIC_URL: host,
  API_TRIGGER_KIT_PUBLIC_URL: host,
  CDN_PUBLIC_URL: `${{host}}/static/connect`,
  DASHBOARD_PUBLIC_URL: `${{host}}/static/connect`,
}});

await paragon.authenticate({_js(values.project_id)}, userToken);
paragon.connect({_js(values.provider_key)}, {{}}); // opens the portal
await paragon.event({_js(values.event)}, {_js(values.example)});"""


def script_tag(values: Values) -> str:
    return f"""<script src="{values.base_url}/connect.js"></script>
<script type="module">
  await paragon.authenticate({_js(values.project_id)}, userToken);
  document.querySelector("#connect").onclick = () => paragon.connect({_js(values.provider_key)}, {{}});
</script>
<button id="connect">Connect</button>"""


def python(values: Values) -> str:
    return f"""import time
from pathlib import Path

import jwt
import requests

private_key = Path("{KEY_FILE}").read_text()
now = int(time.time())
user_token = jwt.encode(
    {{"sub": "{USER_ID}", "iat": now, "exp": now + 3600}},  # sub: the user's id in your app
    private_key,
    algorithm="RS256",
)

answer = requests.post(
    {_python(values.trigger_url)},
    headers={{"Authorization": f"Bearer {{user_token}}"}},
    json={_python({"name": values.event, "payload": values.example})},
    timeout=10,
)
answer.raise_for_status()
print(answer.json())"""


def node(values: Values) -> str:
    return f"""import {{ createSign }} from "node:crypto";
import {{ readFileSync }} from "node:fs";

const privateKey = readFileSync("{KEY_FILE}");
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

export function signUserToken(userId) {{
  const now = Math.floor(Date.now() / 1000);
  const body = `${{base64url({{ alg: "RS256", typ: "JWT" }})}}.${{base64url({{ sub: userId, iat: now, exp: now + 3600 }})}}`;
  return `${{body}}.${{createSign("RSA-SHA256").update(body).sign(privateKey, "base64url")}}`;
}}

const answer = await fetch({_js(values.trigger_url)}, {{
  method: "POST",
  headers: {{ Authorization: `Bearer ${{signUserToken("{USER_ID}")}}`, "Content-Type": "application/json" }},
  body: JSON.stringify({_js({"name": values.event, "payload": values.example})}),
}});
console.log(await answer.json());"""


def curl(values: Values) -> str:
    body = json.dumps({"name": values.event, "payload": values.example}, indent=2, ensure_ascii=False)
    return f"""curl -X POST {values.trigger_url} \\
  -H "Authorization: Bearer $USER_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d {_shell(body)}"""


def _js(value: object) -> str:
    """A JavaScript literal, safe within a script element as well."""
    return json.dumps(value, indent=2, ensure_ascii=False).replace("</", "<\\/")


def _python(value: object, indent: int = 4) -> str:
    """A JSON value as a Python literal, laid out as a person would."""
    pad, inner = " " * indent, " " * (indent + 4)
    if isinstance(value, Mapping) and value:
        items = "".join(f"{inner}{_python(k)}: {_python(v, indent + 4)},\n" for k, v in value.items())
        return f"{{\n{items}{pad}}}"
    if isinstance(value, list) and value:
        return "[\n" + "".join(f"{inner}{_python(item, indent + 4)},\n" for item in value) + f"{pad}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
