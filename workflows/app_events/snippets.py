"""Code that sends one App Event, with this project's values filled in, to copy and run."""

from __future__ import annotations

import json
from dataclasses import dataclass

from workflows.models import AppEvent
from workflows.overview import snippets as from_the_start


@dataclass(frozen=True)
class Snippet:
    key: str
    title: str
    code: str


def snippets(app_event: AppEvent, base_url: str) -> list[Snippet]:
    """How to send this App Event: with the Connect SDK, with curl and with Python."""
    values = from_the_start.Values(
        base_url=base_url,
        project_id=str(app_event.project_id),
        provider_key="",
        event=app_event.name,
        example=app_event.example,
    )
    return [
        Snippet("sdk", "Connect SDK", _sdk(app_event)),
        Snippet("curl", "curl", from_the_start.curl(values)),
        Snippet("python", "Python", from_the_start.python(values)),
    ]


def _sdk(app_event: AppEvent) -> str:
    name = json.dumps(app_event.name, ensure_ascii=False)
    payload = json.dumps(app_event.example, indent=2, ensure_ascii=False)
    return (
        "// Set up once, as the integration's page shows: configureGlobal names this Isthmus.\n"
        'import { paragon } from "@useparagon/connect";\n\n'
        f'await paragon.authenticate("{app_event.project_id}", userToken);\n'
        f"await paragon.event({name}, {payload});"
    )
