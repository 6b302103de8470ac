"""`/sdk/me`: who the token's user is, and the state of all their integrations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connect_portal.api import shapes
from connect_portal.api.base import TOKEN_REFUSED, SdkView, checked_meta, error_response, member_of
from connect_portal.api.documents import MetaSerializer, UserSerializer
from connect_portal.errors import BadRequest
from connect_portal.reading import credentials_of, deployed_workflows, integrations_of
from lib import json_bounds
from projects.connected_users import merge_meta

METADATA_HEADER = "X-Paragon-User-Metadata"


class Me(SdkView):
    @extend_schema(
        operation_id="read_me",
        summary="Read the user's state",
        description="What `authenticate()` asks for: an entry for every integration of the project, connected or not.",
        parameters=[
            OpenApiParameter(
                METADATA_HEADER,
                str,
                OpenApiParameter.HEADER,
                description="JSON to merge into the metadata; SDK up to 2.2.4.",
            )
        ],
        responses={200: UserSerializer, 400: error_response("The metadata is not a JSON object."), 401: TOKEN_REFUSED},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        user = self.user
        if header := request.headers.get(METADATA_HEADER, ""):
            _merge(user, _parse(header))
        project = self.project
        document = shapes.user_document(
            user, integrations_of(project), credentials_of(user), deployed_workflows(project)
        )
        return Response(document)

    @extend_schema(
        operation_id="update_me",
        summary="Add to the user's metadata",
        request=MetaSerializer,
        responses={204: None, 400: error_response("`meta` is not a JSON object, or too large."), 401: TOKEN_REFUSED},
    )
    def patch(self, request: Request, project_id: UUID) -> Response:
        _merge(self.user, member_of(self.body, "meta"))
        return Response(status=204)


def _parse(header: str) -> dict[str, Any]:
    try:
        meta = json_bounds.read(header.encode("latin-1", "replace"))  # header bytes arrive decoded as latin-1
    except json_bounds.BadJson as exc:
        raise BadRequest(f"{METADATA_HEADER} can not be read. {exc.message}", **exc.ids) from exc
    if not isinstance(meta, dict):
        raise BadRequest(f"{METADATA_HEADER} must be a JSON object.")
    return meta


def _merge(user: Any, changes: dict[str, Any]) -> None:
    checked_meta({**user.meta, **changes})
    if changes:
        merge_meta(user, changes)
