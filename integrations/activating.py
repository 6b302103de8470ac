"""Switching a provider on in a project, and its settings; secrets go in and never come out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction

from integrations.errors import IntegrationIncomplete
from integrations.models import Integration
from integrations.providers import registry
from lib.errors import Invalid
from projects import auditing
from projects.models import Project, User

_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}\Z")


class SettingsRefused(Invalid):
    """The settings can not be saved; `errors` says why, by field."""

    code = "settings_refused"

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


def ensure_integration(project: Project, provider_key: str) -> Integration:
    """The project's integration of that provider, made on first use, inactive. Raises KeyError for an unknown provider."""
    fresh = new_integration(project, provider_key)
    defaults = {name: getattr(fresh, name) for name in ("scopes", "description", "accent_color", "settings")}
    integration, _ = Integration.objects.get_or_create(project=project, provider_key=provider_key, defaults=defaults)
    return integration


def new_integration(project: Project, provider_key: str) -> Integration:
    """What an integration of that provider starts from; not stored. Raises KeyError for an unknown provider."""
    provider = registry.provider(provider_key)
    return Integration(
        project=project,
        provider_key=provider.key,
        scopes=list(provider.default_scopes),
        description=provider.description,
        accent_color=provider.brand_color,
        settings=provider.default_settings(),
    )


def save_settings(
    integration: Integration,
    *,
    client_id: str,
    client_secret: str | None,
    environment: str,
    domain: str,
    scopes: Sequence[str],
    is_active: bool,
    by: User | None,
) -> Integration:
    """Save the OAuth app and where it logs in. `client_secret` None keeps the one that is stored; "" removes it.

    Raises SettingsRefused, whose `errors` go by the names of these arguments; nothing is saved then.
    """
    provider = integration.provider
    client_id, domain = client_id.strip(), domain.strip()
    scopes = list(dict.fromkeys(scope.strip() for scope in scopes if scope.strip())) or list(provider.default_scopes)
    secret = client_secret.strip() if client_secret is not None else None
    has_secret = bool(secret) if secret is not None else bool(integration.client_secret_sealed)
    chosen = {"environment": environment, "domain": domain}
    errors = _errors(client_id, has_secret, scopes, is_active)
    try:
        chosen = provider.checked_settings(chosen)
    except IntegrationIncomplete as refused:
        errors[str(refused.ids.get("field", "domain"))] = refused.message
    if errors:
        raise SettingsRefused(errors)
    with transaction.atomic():
        changed = _changed(integration, client_id=client_id, settings=chosen, scopes=scopes, is_active=is_active)
        integration.client_id, integration.settings = client_id, chosen
        integration.scopes, integration.is_active = scopes, is_active
        if secret is not None:
            integration.client_secret = secret
            changed.append("client_secret")
        integration.save()
        auditing.record(
            integration.project, "integration.settings_saved", by=by, target=provider.name, changed=changed,
            environment=chosen.get("environment"), is_active=is_active,
        )  # fmt: skip
    return integration


def _errors(client_id: str, has_secret: bool, scopes: Sequence[str], is_active: bool) -> dict[str, str]:
    errors: dict[str, str] = {}
    if is_active and not client_id:
        errors["client_id"] = "Enter the app's consumer key, or leave the integration inactive."
    if len(client_id) > 512 or any(char.isspace() for char in client_id):
        errors["client_id"] = "That is not a consumer key: it has no spaces and at most 512 characters."
    if is_active and not has_secret:
        errors["client_secret"] = "Enter the app's consumer secret, or leave the integration inactive."  # noqa: S105
    if wrong := [scope for scope in scopes if not _SCOPE.match(scope)]:
        errors["scopes"] = f"“{wrong[0]}” is not a scope."
    return errors


def _changed(integration: Integration, **after: Any) -> list[str]:
    return [name for name, value in after.items() if getattr(integration, name) != value]
