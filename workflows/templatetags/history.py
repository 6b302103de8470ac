"""Template words of the history pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import template
from django.utils import timezone

from integrations.models import Credential, CredentialStatus
from lib.ids import made_at as made_at_id
from workflows.engine import parking
from workflows.history import words
from workflows.models import Run, StepRun

register = template.Library()
MOST_CHARACTERS = 20_000
"""Of a JSON value in a page; more than that nobody reads, and a browser takes long over it."""


@register.filter
def made_at(time_ordered: UUID) -> datetime:
    """When the row of this time-ordered id was made."""
    return made_at_id(time_ordered)


@register.filter
def run_words(run: Run) -> words.Words:
    return words.run_words(run, now=timezone.now())


@register.filter
def why_it_stands(run: Run) -> str:
    """Why a run stands where it does."""
    return words.why_it_stands(run, now=timezone.now())


@register.filter
def paused_until(run: Run) -> datetime | None:
    """When a run that its lane's pause holds up goes on."""
    return words.paused_until(run, now=timezone.now())


@register.filter
def reason_in_row(run: Run) -> str:
    """Why a run waits, in a list."""
    return words.reason_in_row(run, now=timezone.now())


@register.filter
def what_follows(error: Mapping[str, Any], run: Run) -> str:
    """What an error of its step means for the run."""
    return words.what_follows(error, run)


@register.filter
def kept_words(credential: Credential) -> str:
    """How many events wait for an account to be connected again; empty for one that is connected."""
    return parking.kept_words(credential.pk) if credential.status == CredentialStatus.INVALID else ""


@register.filter
def tries_words(step_run: StepRun) -> str:
    """How many tries a step has used up."""
    return words.tries_words(step_run)


@register.filter
def took(run: Run) -> str:
    """How long a run took from its start; empty while it goes on."""
    return words.duration_of(run.started_at, run.finished_at)


@register.inclusion_tag("workflows/history/json_viewer.html")
def json_viewer(value: Any, element_id: str, label: str, whole_url: str = "") -> dict[str, Any]:
    """A JSON value to read and to copy; `whole_url` is where all of it stands when it is too long for the page."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    is_cut = len(text) > MOST_CHARACTERS
    return {
        "id": element_id,
        "label": label,
        "text": text[:MOST_CHARACTERS],
        "is_cut": is_cut,
        "length": len(text),
        "whole_url": whole_url,
    }
