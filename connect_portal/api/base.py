"""What all calls of the SDK have in common: a user token, JSON out, and JSON in however it is labelled."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import IO, Any, cast
from uuid import UUID

from django.conf import settings
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
            raw = json_body.read_bytes(request.META, stream.read, max_bytes=settings.EVENT_MAX_BYTES)
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
