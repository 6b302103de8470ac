"""The open connections of this process, by credential: the least used are dropped when there are too many."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final
from uuid import UUID

from integrations.models import Credential
from integrations.providers.salesforce.client import SalesforceConnection

SIZE: Final = 256

_connections: OrderedDict[UUID, SalesforceConnection] = OrderedDict()
_lock = threading.Lock()


def connection_for(credential: Credential) -> SalesforceConnection:
    """The credential's connection, opened or reused; its tokens are at least as new as the row given."""
    with _lock:
        connection = _connections.pop(credential.pk, None)
        if connection is None:
            connection = SalesforceConnection(credential)
        _connections[credential.pk] = connection
        while len(_connections) > SIZE:
            _connections.popitem(last=False)
    connection.adopt(credential)
    return connection


def drop(credential_id: UUID) -> None:
    """Forget a connection, as after a disconnect."""
    with _lock:
        _connections.pop(credential_id, None)


def clear() -> None:
    """Forget all, as between tests."""
    with _lock:
        _connections.clear()
