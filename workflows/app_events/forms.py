"""The App Event form: its page's, and the one in the editor's trigger panel."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from projects.models import Project
from projects.text_fields import LineField
from workflows.app_events.changing import taken
from workflows.app_events.parsing import NotAnObject, parse_object
from workflows.definition.schema import MAX_NAME
from workflows.models import AppEvent

TEMPLATE_EXAMPLE = {
    "id": "42",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "company": "Analytical Engines",
    "title": "Countess",
}
"""What a new App Event's editor starts with: enough to see what is asked for, easy to overwrite."""


class AppEventForm(forms.Form):
    """Name, description and example payload. Invalid JSON comes back as it was typed, with line and column."""

    name = LineField(max_length=MAX_NAME, label="Name")
    description = LineField(max_length=300, required=False, label="Description")
    example = forms.CharField(label="Example payload", strip=False, required=False, widget=forms.Textarea)

    def __init__(
        self, *args: Any, project: Project, app_event: AppEvent | None = None, is_in_use: bool = False, **kwargs: Any
    ) -> None:
        self.project = project
        self.app_event = app_event
        self.example_error: NotAnObject | None = None
        if app_event:
            kwargs.setdefault("initial", _initial(app_event))
        else:
            kwargs.setdefault("initial", {"example": as_text(TEMPLATE_EXAMPLE)})
        self.is_in_use = is_in_use
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.app_event and self.is_in_use and name != self.app_event.name:
            raise forms.ValidationError("Workflows listen to this name, so it can not change.", code="in_use")
        others = AppEvent.objects.for_project(self.project).filter(name=name)
        if self.app_event:
            others = others.exclude(pk=self.app_event.pk)
        if others.exists():
            raise forms.ValidationError(taken(name), code="taken")
        return name

    def clean_example(self) -> dict[str, Any]:
        try:
            return parse_object(self.cleaned_data["example"])
        except NotAnObject as error:
            self.example_error = error
            raise forms.ValidationError(str(error), code="not_an_object") from error


def _initial(app_event: AppEvent) -> dict[str, str]:
    return {"name": app_event.name, "description": app_event.description, "example": as_text(app_event.example)}


def as_text(example: dict[str, Any]) -> str:
    """An example payload as people edit it."""
    return json.dumps(example, indent=2, ensure_ascii=False)
