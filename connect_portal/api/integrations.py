"""`/sdk/integrations`: what the project offers, and disconnecting from it."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connect_portal.api import shapes
from connect_portal.api.base import CREDENTIAL_PARAMETER, TOKEN_REFUSED, SdkView, error_response
from connect_portal.api.documents import IntegrationSerializer
from connect_portal.reading import deployed_workflows, integrations_of
from connect_portal.selecting import find_credential, only_credential
from integrations.disconnecting import disconnect


class Integrations(SdkView):
    @extend_schema(
        operation_id="list_integrations",
        summary="List the project's integrations",
        description="With each one's deployed workflows and the inputs that its portal shows.",
        responses={200: IntegrationSerializer(many=True), 401: TOKEN_REFUSED},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        workflows = deployed_workflows(self.project)
        return Response(
            [
                shapes.integration_document(integration, workflows.get(integration.pk, ()))
                for integration in integrations_of(self.project)
            ]
        )


class IntegrationDetail(SdkView):
    @extend_schema(
        operation_id="disconnect_integration",
        summary="Disconnect an account",
        description=(
            "Forgets the account's tokens, here and at the provider. Without the header, the user's only account of the "
            "integration; with several, name one."
        ),
        parameters=[CREDENTIAL_PARAMETER],
        responses={204: None, 401: TOKEN_REFUSED, 404: error_response("No such integration, or no such account.")},
    )
    def delete(self, request: Request, project_id: UUID, integration_id: str) -> Response:
        integration = self.integration(integration_id)
        if self.credential_selector:
            credential = find_credential(self.user, self.credential_selector, integration)
        else:
            credential = only_credential(self.user, integration)
        disconnect(credential)
        return Response(status=204)
