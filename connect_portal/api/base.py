"""What all calls of the SDK have in common: a user token, JSON out, and JSON in however it is labelled."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import IO, Any, Final, cast
from uuid import UUID

import orjson
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connect_portal.errors import BadRequest, WorkflowNotFound
from connect_portal.selecting import CONFIGURATION_HEADER, CREDENTIAL_HEADER, find_integration
from integrations.models import Integration
from lib import json_body, json_bounds, request_headers
from projects.api_auth import UserTokenAuthentication
from projects.models import ConnectedUser, Project
from projects.refusals import error_body
from workflows.intake.api import ErrorSerializer
from workflows.models import Workflow

log = logging.getLogger("isthmus.api")

MAX_BODY_BYTES: Final = 256_000
"""Of a call of the SDK; an App Event may have more (EVENT_MAX_BYTES)."""
_HAVE_BODIES: Final = frozenset({"POST", "PUT", "PATCH"})
MAX_META_BYTES: Final = 50_000
"""Of the metadata of a user, or of a configuration, as JSON."""

CREDENTIAL_PARAMETER = OpenApiParameter(
    CREDENTIAL_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The account: its id, `ext:<external id>` or external id.",
)
CONFIGURATION_PARAMETER = OpenApiParameter(
    CONFIGURATION_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The configuration; without it the account's default.",
)


def error_response(description: str) -> OpenApiResponse:
    return OpenApiResponse(ErrorSerializer, description)


TOKEN_REFUSED = error_response("The user token was refused; `code` says why. The SDK logs its user out.")


class LooseJSONParser(BaseParser):
    """Takes any body for JSON: the SDK sends `Content-Type: auto`, and JSON-typed empty bodies. Empty reads as {}."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        try:
            raw = json_body.read_bytes(request.META, stream.read, max_bytes=MAX_BODY_BYTES)
            return json_bounds.read(raw) if raw.strip() else {}
        except json_bounds.BadJson as exc:
            raise BadRequest(exc.message, **exc.ids) from exc


class AlwaysJSON(BaseContentNegotiation):
    """Answers JSON whatever the caller says it accepts: the SDK reads nothing else."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class SdkView(APIView):
    """A call under `/projects/<project id>/sdk/`. The helpers give the caller's own rows, or raise an error to show."""

    authentication_classes = [UserTokenAuthentication]
    parser_classes = [LooseJSONParser]
    content_negotiation_class = AlwaysJSON

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As DRF; then read the body, so that one that is too large or no JSON is refused by every call alike."""
        super().initial(request, *args, **kwargs)
        if request.method in _HAVE_BODIES:
            _ = request.data

    @property
    def user(self) -> ConnectedUser:
        return cast(ConnectedUser, self.request.user)

    @property
    def project(self) -> Project:
        return self.user.project

    @property
    def credential_selector(self) -> str:
        return request_headers.read(self.request.META, CREDENTIAL_HEADER)

    @property
    def configuration_selector(self) -> str:
        return request_headers.read(self.request.META, CONFIGURATION_HEADER)

    @property
    def body(self) -> dict[str, Any]:
        """The request's JSON object. Raises BadRequest for any other JSON value."""
        data = self.request.data
        if not isinstance(data, dict):
            raise BadRequest("The body must be a JSON object.")
        return data

    def integration(self, selector: str) -> Integration:
        return find_integration(self.project, selector)

    def workflow(self, workflow_id: UUID) -> Workflow:
        found = Workflow.objects.for_project(self.project).filter(pk=workflow_id)
        workflow = found.select_related("live_version", "integration").first()
        if workflow is None or workflow.live_version is None:
            raise WorkflowNotFound(workflow_id=workflow_id)
        return workflow

    def handle_exception(self, exc: Exception) -> Response:
        """As DRF, and an error that nobody expected is logged and answered in JSON as well."""
        try:
            return super().handle_exception(exc)
        except Exception:
            log.exception("api.failed", extra={"request": self.request._request})
            return Response(
                error_body("server_error", "Something broke on our side; it has been logged. Try again.", 500),
                status=500,
            )


def member_of(body: dict[str, Any], key: str) -> dict[str, Any]:
    """The JSON object under `key`, {} where there is none. Raises BadRequest where there is something else."""
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"`{key}` must be a JSON object.")
    return value


def checked_meta(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata as it is. Raises BadRequest where it is more than is kept."""
    if len(orjson.dumps(meta)) > MAX_META_BYTES:
        raise BadRequest(f"The metadata may have at most {MAX_META_BYTES:,} bytes of JSON, all together.")
    return meta
