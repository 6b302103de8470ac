"""`python -m tests.support.finish_login POINT STATE CODE`: finish a log-in as the callback does, and die at that point."""

import importlib
import os
import sys
from typing import Any

import django

POINTS = {
    "before the account is stored": ("integrations.saving", "save_credential", True),
    "after the account is stored": ("integrations.saving", "save_credential", False),
    "before its lane is there": ("connect_portal.installing", "ensure_lane", True),
    "before its workflows are on": ("connect_portal.installing", "apply_defaults", True),
    "after its workflows are on": ("connect_portal.installing", "apply_defaults", False),
    "before its parked runs go on": ("connect_portal.installing", "resume_parked", True),
    "after its parked runs go on": ("connect_portal.installing", "resume_parked", False),
}
KILLED = 9


def die_at(point: str) -> None:
    module_name, name, is_before = POINTS[point]
    module = importlib.import_module(module_name)
    real = getattr(module, name)

    def die(*args: Any, **named: Any) -> None:
        if not is_before:
            real(*args, **named)
        os._exit(KILLED)

    setattr(module, name, die)


def main() -> None:
    django.setup()
    from connect_portal import installing
    from integrations.connecting import finish_oauth

    point, state, code = sys.argv[1:]
    die_at(point)
    finish_oauth(state=state, code=code, settle=lambda credential: installing.settle(credential))
    print("finished")


if __name__ == "__main__":
    main()
