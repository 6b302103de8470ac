"""`/sdk/actions/…`: the SDK starts a log-in at the provider, and asks whether it has ended."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connect_portal.api.base import TOKEN_REFUSED, SdkView, error_response
from connect_portal.api.documents import RedirectSerializer, SessionSerializer
from connect_portal.installing import OAuthStart, credential_of_session, forget_session, start


class BuildOAuth(SdkView):
    @extend_schema(
        operation_id="start_oauth",
        summary="Start a log-in at the provider",
        description="The SDK sends its popup to the answer's `redirectUrl`; the popup has shown the nonce page before.",
        parameters=[
            OpenApiParameter("integrationId", str, description="Or `action`, the integration's type."),
            OpenApiParameter("action", str),
            OpenApiParameter(
                "originForPostMessage", str, description="The host page's origin; must be an allowed one."
            ),
            OpenApiParameter("oauthMetaKeyId", str, description="By which the SDK polls `/sdk/actions/session-id/…`."),
            OpenApiParameter(
                "installOptions",
                str,
                description="JSON: `selectedCredentialId`, `externalId`, `allowMultipleCredentials`.",
            ),
        ],
        responses={
            200: RedirectSerializer,
            400: error_response("The host page's origin is not allowed, or a parameter is not JSON."),
            401: TOKEN_REFUSED,
            404: error_response("No such integration, or no such account to connect again."),
            409: error_response("The integration is switched off, or its OAuth app is not entered yet."),
            501: error_response("`overrideRedirectUrl` is not built yet."),
        },
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        query = request.query_params
        wanted = OAuthStart.read(query, session_id=query.get("oauthMetaKeyId", ""))
        return Response({"redirectUrl": start(self.user, wanted)})


class OAuthSession(SdkView):
    @extend_schema(
        operation_id="read_oauth_session",
        summary="Ask whether a log-in has ended",
        responses={200: SessionSerializer, 401: TOKEN_REFUSED},
    )
    def get(self, request: Request, project_id: UUID, session_id: str) -> Response:
        credential = credential_of_session(self.user, session_id)
        return Response({"connectCredentialId": str(credential.pk)} if credential else {})

    @extend_schema(
        operation_id="forget_oauth_session", summary="Stop asking", responses={204: None, 401: TOKEN_REFUSED}
    )
    def delete(self, request: Request, project_id: UUID, session_id: str) -> Response:
        forget_session(self.user, session_id)
        return Response(status=204)
