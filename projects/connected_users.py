"""Connected users: made when their first valid token arrives."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from projects.models import ConnectedUser
from projects.user_tokens import UserToken

_SEEN_EVERY = timedelta(minutes=5)


def connected_user(token: UserToken) -> ConnectedUser:
    """The end user whom the token names; made now if it is the first time."""
    now = timezone.now()
    user, created = ConnectedUser.objects.get_or_create(project_id=token.project_id, external_id=token.subject)
    if not created and user.last_seen_at < now - _SEEN_EVERY:
        ConnectedUser.objects.filter(pk=user.pk).update(last_seen_at=now)
        user.last_seen_at = now
    return user


def merge_meta(user: ConnectedUser, changes: dict[str, Any]) -> ConnectedUser:
    """Merge `changes` into the user's metadata (top level), keeping `name` and `email` searchable."""
    user.meta = {**user.meta, **changes}
    lowered = {key.lower(): value for key, value in user.meta.items()}
    user.name = str(lowered.get("name") or "")[:255]
    user.email = str(lowered.get("email") or "")[:255]
    user.save(update_fields=["meta", "name", "email"])
    return user
