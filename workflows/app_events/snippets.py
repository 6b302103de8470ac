"""Code that sends one App Event, with this project's values filled in, to copy and run."""

from __future__ import annotations

import json
from dataclasses import dataclass

from workflows.models import AppEvent


@dataclass(frozen=True)
class Snippet:
    key: str
    title: str
    code: str


def snippets(app_event: AppEvent, base_url: str) -> list[Snippet]:
    """How to send this App Event: with the Connect SDK, with curl and with Python."""
    return [
        Snippet("sdk", "Connect SDK", _sdk(app_event)),
        Snippet("curl", "curl", _curl(app_event, base_url)),
        Snippet("python", "Python", _python(app_event, base_url)),
    ]


def trigger_url(app_event: AppEvent, base_url: str) -> str:
    return f"{base_url}/projects/{app_event.project_id}/sdk/events/trigger"


def _sdk(app_event: AppEvent) -> str:
    payload = json.dumps(app_event.example, indent=2, ensure_ascii=False)
    return (
        'import { paragon } from "@useparagon/connect";\n\n'
        f'await paragon.authenticate("{app_event.project_id}", userToken);\n'
        f"await paragon.event({json.dumps(app_event.name, ensure_ascii=False)}, {payload});"
    )


def _curl(app_event: AppEvent, base_url: str) -> str:
    body = json.dumps({"name": app_event.name, "payload": app_event.example}, indent=2, ensure_ascii=False)
    return (
        f"curl -X POST {trigger_url(app_event, base_url)} \\\n"
        '  -H "Authorization: Bearer $USER_TOKEN" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d {_shell_quoted(body)}"
    )


def _python(app_event: AppEvent, base_url: str) -> str:
    body = _python_literal({"name": app_event.name, "payload": app_event.example})
    return (
        "import requests\n\n"
        "answer = requests.post(\n"
        f'    "{trigger_url(app_event, base_url)}",\n'
        '    headers={"Authorization": f"Bearer {user_token}"},\n'
        f"    json={body},\n"
        "    timeout=10,\n"
        ")\n"
        "answer.raise_for_status()\n"
        "print(answer.json())"
    )


def _shell_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _python_literal(value: object, indent: int = 4) -> str:
    """A JSON value as a Python literal, laid out as JSON would be."""
    pad, inner = " " * indent, " " * (indent + 4)
    if isinstance(value, dict) and value:
        items = "".join(f"{inner}{_python_literal(k)}: {_python_literal(v, indent + 4)},\n" for k, v in value.items())
        return f"{{\n{items}{pad}}}"
    if isinstance(value, list) and value:
        return "[\n" + "".join(f"{inner}{_python_literal(item, indent + 4)},\n" for item in value) + f"{pad}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
