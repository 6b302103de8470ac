"""What a workflow step can do in Salesforce: one file each, which declares itself as `action`."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from integrations.providers.base import Action


@cache
def actions() -> Mapping[str, Action]:
    """All actions by key, in the order of their titles."""
    found: list[Action] = []
    for module in pkgutil.iter_modules(__path__):
        found.append(importlib.import_module(f"{__name__}.{module.name}").action)
    return {action.key: action for action in sorted(found, key=lambda action: action.title)}
