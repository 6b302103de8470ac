"""Finds the providers: every folder beside this file that declares one."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import integrations.providers as home
from integrations.providers.base import Action, Provider


@cache
def providers() -> Mapping[str, Provider]:
    """All providers by key, in the order of their names."""
    found: list[Provider] = []
    for module in pkgutil.iter_modules(home.__path__):
        if module.ispkg:
            found.append(importlib.import_module(f"{home.__name__}.{module.name}").provider)
    return {provider.key: provider for provider in sorted(found, key=lambda provider: provider.name)}


def provider(key: str) -> Provider:
    """The provider with that key. Raises KeyError."""
    return providers()[key]


def action(step_type: str) -> Action | None:
    """The action behind a step's type, "salesforce.create_record"; None if there is none."""
    provider_key, _, action_key = step_type.partition(".")
    found = providers().get(provider_key)
    return found.actions.get(action_key) if found else None
