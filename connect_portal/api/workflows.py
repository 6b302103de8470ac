"""`/sdk/workflows/{id}`: one workflow switched on or off for one configuration of an account."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connect_portal.api.base import (
    CONFIGURATION_PARAMETER,
    CREDENTIAL_PARAMETER,
    TOKEN_REFUSED,
    SdkView,
    error_response,
)
from connect_portal.selecting import chosen_credential, find_configuration
from integrations.models import Configuration
from workflows.models import Workflow
from workflows.switching import disable, enable

UNKNOWN = error_response("No such deployed workflow, or the user has not connected its integration.")


class WorkflowSwitch(SdkView):
    @extend_schema(
        operation_id="enable_workflow",
        summary="Switch a workflow on",
        request=None,
        parameters=[CREDENTIAL_PARAMETER, CONFIGURATION_PARAMETER],
        responses={
            204: None,
            401: TOKEN_REFUSED,
            404: UNKNOWN,
            422: error_response("A required user setting is not filled in; `meta.missing` names what is missing."),
        },
    )
    def post(self, request: Request, project_id: UUID, workflow_id: UUID) -> Response:
        workflow = self.workflow(workflow_id)
        enable(self._configuration(workflow), workflow)
        return Response(status=204)

    @extend_schema(
        operation_id="disable_workflow",
        summary="Switch a workflow off",
        parameters=[CREDENTIAL_PARAMETER, CONFIGURATION_PARAMETER],
        responses={204: None, 401: TOKEN_REFUSED, 404: UNKNOWN},
    )
    def delete(self, request: Request, project_id: UUID, workflow_id: UUID) -> Response:
        workflow = self.workflow(workflow_id)
        disable(self._configuration(workflow), workflow)
        return Response(status=204)

    def _configuration(self, workflow: Workflow) -> Configuration:
        credential = chosen_credential(self.user, self.credential_selector, workflow.integration)
        return find_configuration(credential, self.configuration_selector)
