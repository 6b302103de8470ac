"""The form of an integration's settings."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from integrations import budgeting
from integrations.models import Integration
from projects.text_fields import LineField, LinesField
from workflows.overview.local_org import LocalApp

_ENVIRONMENTS = [
    ("production", "Production (login.salesforce.com)"),
    ("sandbox", "Sandbox (test.salesforce.com)"),
    ("my_domain", "My Domain"),
]


class SettingsForm(forms.Form):
    """The secret is write-only: left empty, the stored one is kept."""

    client_id = LineField(label="Consumer key", required=False, max_length=512)
    client_secret = LineField(
        label="Consumer secret",
        required=False,
        max_length=512,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )
    environment = forms.ChoiceField(label="Where users log in", choices=_ENVIRONMENTS, widget=forms.RadioSelect)
    domain = LineField(
        label="My Domain",
        required=False,
        max_length=255,
        help_text="The host that the org's Setup shows under My Domain: acme.my.salesforce.com",
    )
    scopes = LineField(
        label="Scopes",
        required=False,
        max_length=1000,
        help_text="Separated by spaces. Left empty: those that Isthmus needs.",
    )
    description = LineField(
        label="Short description", required=False, max_length=200, help_text="Stands beside the name in the portal."
    )
    overview = LinesField(
        label="Overview",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What your users gain by connecting; the portal shows it before they do.",
    )
    api_reserve_percent = forms.IntegerField(
        label="API calls left to the customer, per cent",
        min_value=0,
        max_value=budgeting.MAX_RESERVE_PERCENT,
        help_text="Of the org's daily limit. Runs wait rather than use these up. A user's page sets it for one account.",
    )
    is_active = forms.BooleanField(label="Active: users can connect, and events start runs", required=False)

    def __init__(self, integration: Integration, data: Any = None, *, local_app: LocalApp | None = None) -> None:
        super().__init__(data, initial=_initial(integration))
        self.integration = integration
        secret = self.fields["client_secret"]
        self.fields["client_id"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "class": "mono"}
        self.fields["scopes"].widget.attrs["class"] = "mono"
        if integration.client_secret_sealed:
            secret.help_text = "One is stored, encrypted. Leave this empty to keep it."
        if local_app:
            # A throw-away org's secret may be shown; the stored one never is.
            secret.widget = forms.PasswordInput(render_value=True, attrs=secret.widget.attrs)
            self.initial = {
                **self.initial,
                "client_id": local_app.client_id,
                "client_secret": local_app.client_secret,
                "environment": local_app.environment,
                "domain": "",
                "is_active": True,
            }

    def clean_scopes(self) -> list[str]:
        return [scope for scope in re.split(r"[\s,]+", self.cleaned_data["scopes"]) if scope]


def _initial(integration: Integration) -> dict[str, Any]:
    return {
        "client_id": integration.client_id,
        "environment": integration.settings.get("environment", "production"),
        "domain": integration.settings.get("domain", ""),
        "scopes": " ".join(integration.scopes),
        "description": integration.description,
        "overview": integration.overview,
        "api_reserve_percent": integration.api_reserve_percent,
        "is_active": integration.is_active,
    }
