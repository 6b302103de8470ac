"""The rooms of the protocol that are not furnished yet: they say so, in JSON, instead of looking like a wrong address."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.http import HttpRequest

from connect_portal.api.base import SdkView
from connect_portal.errors import NotBuiltYet


class Unbuilt(SdkView):
    """A call that answers 501 by any method, to whom a good token lets in. `message` says what to do instead."""

    message: ClassVar[str] = ""

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotBuiltYet(self.message)


class WorkflowRequest(Unbuilt):
    """`workflow()`."""

    message = "workflow() is not built yet. Send an App Event with event(), and let the workflow listen to it."


class ProxyRequest(Unbuilt):
    """`request()`."""

    message = "request() is not built yet. Let a workflow make the call to the provider."


class FieldOptions(Unbuilt):
    """`getFieldOptions()`."""

    message = "getFieldOptions() is not built yet."


class TriggerTypes(Unbuilt):
    """`getTriggers()`."""

    message = "getTriggers() is not built yet: workflows start with App Events so far."


class ResourceConnection(Unbuilt):
    """`connectAction()`."""

    message = "connectAction() is not built yet."
