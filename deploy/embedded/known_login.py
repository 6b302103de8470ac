"""The demo's log-in, whose password everybody knows who has read the tutorial, and who it lets in."""

from __future__ import annotations

from deploy.embedded.layout import Layout
from deploy.embedded.processes import manage

EMAIL, PASSWORD = "builder@acme.example", "isthmus-demo-1234"
_ASK = (
    "import os, sys; from django.contrib.auth import get_user_model; "
    "user = get_user_model().objects.filter(email__iexact=os.environ['KNOWN_EMAIL'], is_active=True).first(); "
    "sys.stdout.write('known' if user and user.check_password(os.environ['KNOWN_PASSWORD']) else 'unknown')"
)


def warning(layout: Layout) -> str:
    """What to say of the demo's account; "" where it is not there or has a password of its own."""
    if not _is_there(layout):
        return ""
    account = f"The demo's account is here: {EMAIL} with the password {PASSWORD}, which everybody knows."
    advice = "Change the password under Account, or set DATA_DIR to another folder."
    if not layout.is_reached_from_elsewhere:
        return f"{account}\n{advice}"
    return (
        f"WARNING: {account}\n"
        f"HOST is {layout.host}, so whoever reaches this machine gets in with it, as an owner of Acme's project.\n"
        f"Stop now, or: {advice[0].lower()}{advice[1:]}"
    )


def _is_there(layout: Layout) -> bool:
    return manage(layout, "shell", "--no-imports", "-c", _ASK, KNOWN_EMAIL=EMAIL, KNOWN_PASSWORD=PASSWORD) == "known"
