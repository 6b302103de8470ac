"""Forms of the settings pages."""

from typing import Any, cast

from django import forms
from django.http import QueryDict

from projects.models import PayloadPolicy, Project, Role
from projects.origins import InvalidOrigin, parse_origin_pattern
from projects.text_fields import LineField

MAX_ORIGINS = 50
MAX_TOKEN_HOURS = 24 * 365
MAX_PARKED_DAYS = 90


class NewProjectForm(forms.Form):
    """The one field of a new project."""

    name = LineField(
        label="Project name",
        max_length=120,
        help_text="One project for each product of yours. You can rename it later.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "placeholder": "Acme"}),
    )


class GeneralForm(forms.Form):
    """The project's settings; `origin` comes once for each line of the list editor."""

    name = LineField(label="Project name", max_length=120)
    payload_policy = forms.ChoiceField(
        label="An event whose payload does not have the example's shape",
        choices=PayloadPolicy.choices,
        widget=forms.RadioSelect,
        help_text="The example payload of an App Event names the fields that workflows expect.",
    )

    max_token_hours = forms.IntegerField(
        label="Longest life of a user token, in hours",
        min_value=1,
        max_value=MAX_TOKEN_HOURS,
        help_text="A token that is valid for longer, from its <code>iat</code> to its <code>exp</code>, is refused.",
    )
    parked_days = forms.IntegerField(
        label="How long events are kept for an account that has to be connected again, in days",
        min_value=1,
        max_value=MAX_PARKED_DAYS,
        help_text="They go on, in order, when the user has connected again; after that time their runs fail.",
    )

    def __init__(self, project: Project, data: Any = None) -> None:
        self.project = project
        initial = {
            field: getattr(project, field) for field in ("name", "payload_policy", "max_token_hours", "parked_days")
        }
        super().__init__(data, initial=initial)
        self.origin_rows: list[tuple[str, str]] = [(origin, "") for origin in project.allowed_origins]
        """Each line of the editor with its error, for the template."""

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        typed = [text.strip() for text in cast(QueryDict, self.data).getlist("origin")]
        self.origin_rows, origins = [], []
        for text in filter(None, typed):
            try:
                pattern, problem = str(parse_origin_pattern(text)), ""
                if pattern not in origins:
                    origins.append(pattern)
            except InvalidOrigin as exc:
                pattern, problem = text, exc.message
            self.origin_rows.append((pattern, problem))
        if any(problem for _, problem in self.origin_rows):
            self.add_error(None, "An allowed origin is not valid; see below.")
        if len(origins) > MAX_ORIGINS:
            self.add_error(None, f"At most {MAX_ORIGINS} origins.")
        cleaned["allowed_origins"] = origins
        return cleaned


class NewKeyForm(forms.Form):
    """A name tells several keys apart."""

    name = LineField(
        label="Name",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Production", "autocomplete": "off"}),
        help_text="Which app or server will sign with it.",
    )


class InviteForm(forms.Form):
    """Whom to add, and with which of the roles that the adding member may give."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "placeholder": "raj@acme.com"}),
    )
    role = forms.ChoiceField(label="Role", initial=Role.BUILDER)

    def __init__(self, data: Any = None, *, roles: list[Role]) -> None:
        super().__init__(data)
        field = self.fields["role"]
        field.choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]


class RoleForm(forms.Form):
    """A member's new role."""

    role = forms.ChoiceField(label="Role", choices=Role.choices)
