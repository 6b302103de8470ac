"""JSON answers to the editor's scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, JsonResponse

from lib import json_bounds
from lib.errors import Invalid, IsthmusError
from projects.permissions import ProjectRequest
from projects.refusals import error_body
from workflows.definition.errors import DefinitionError

P = ParamSpec("P")


class UnreadableRequest(Invalid):
    """The request's body is not a JSON object, or holds characters that can not be stored."""

    code, status = "unreadable_request", 400


class RequestTooLarge(Invalid):
    """The workflow is larger than 2 MB as JSON: make its texts shorter, or split it."""

    code, status = "request_too_large", 413


def answers_json(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Answer our own errors, and a definition of a wrong shape, as JSON: {"error": {"code", "message", ...}}."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except IsthmusError as error:
            return JsonResponse(error_body(error.code, error.message, error.status, error.ids), status=error.status)
        except DefinitionError as error:
            meta = {"pointer": error.pointer}
            return JsonResponse(error_body(error.code, error.message, 422, meta), status=422)

    return answered


def body_of(request: ProjectRequest) -> dict[str, Any]:
    """The request's JSON object. Raises: UnreadableRequest, RequestTooLarge."""
    try:
        body = json_bounds.read(request.body)
    except RequestDataTooBig as error:
        raise RequestTooLarge from error
    except json_bounds.BadJson as error:
        raise UnreadableRequest(error.message, **error.ids) from error
    if not isinstance(body, dict):
        raise UnreadableRequest
    return body
