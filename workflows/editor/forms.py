"""The few plain forms of the editor."""

from __future__ import annotations

from django import forms

from projects.text_fields import LineField
from workflows.definition.schema import MAX_NAME


class DetailsForm(forms.Form):
    """A workflow's name, and the text that the end user reads beside its switch."""

    name = LineField(max_length=MAX_NAME, error_messages={"required": "A workflow needs a name."})
    description = LineField(max_length=300, required=False)


class NewWorkflowForm(forms.Form):
    """A name, if there is one yet."""

    name = LineField(max_length=MAX_NAME, required=False)


def first_error(form: forms.BaseForm) -> str:
    """The form's first error, in words."""
    return next(str(error) for errors in form.errors.values() for error in errors)
