"""An edited payload as text: what a person starts from, and what is read of what they wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from lib import json_bounds
from workflows.app_events.parsing import Bounds, NotAnObject, parse_object
from workflows.definition.values import to_json_text

BOUNDS: Final = Bounds(settings.EVENT_MAX_BYTES, json_bounds.MAX_DEPTH - 1, "payload")
"""What intake takes of an event, whose payload stands one level below the body."""


def as_text(payload: Mapping[str, Any]) -> str:
    """A payload to edit: indented, unless that alone would make it too long."""
    text = json.dumps(payload, indent=2, ensure_ascii=False)
    return text if len(text.encode()) <= settings.EVENT_MAX_BYTES else to_json_text(payload)


def read_payload(text: str) -> dict[str, Any]:
    """The payload that `text` is. Raises: NotAnObject, which says where it is wrong and what to do."""
    payload = parse_object(text, BOUNDS)
    size_bytes, most = len(to_json_text(payload).encode()), settings.EVENT_MAX_BYTES
    if size_bytes > most:
        raise NotAnObject(f"The payload has {size_bytes:,} bytes; an event may have {most:,}. Shorten it.", 1, 1)
    return payload
