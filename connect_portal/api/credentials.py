"""`/sdk/credentials`: a user's connected accounts and their settings."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connect_portal.api import shapes
from connect_portal.api.base import (
    CONFIGURATION_PARAMETER,
    CREDENTIAL_PARAMETER,
    TOKEN_REFUSED,
    SdkView,
    error_response,
    member_of,
)
from connect_portal.api.documents import (
    CredentialSerializer,
    InstallSerializer,
    IntegrationSerializer,
    SavedCredentialSerializer,
    SettingsSerializer,
)
from connect_portal.errors import BadRequest, ConnectsByLogin, NotBuiltYet
from connect_portal.reading import deployed_workflows
from connect_portal.selecting import chosen_credential, find_configuration, find_credential
from integrations.models import Credential
from workflows.switching import SwitchChange, offered_workflows, save_settings, save_shared

UNKNOWN_ACCOUNT = error_response("This user has no such account.")


def document_of(credential: Credential) -> shapes.CredentialDocument:
    """The account's document, read anew: what it had when the request began may have changed."""
    fresh = Credential.objects.select_related("integration").get(pk=credential.pk)
    default = fresh.configurations.default_first().first()
    return shapes.credential_document(fresh, offered_workflows(default) if default else ())


class Credentials(SdkView):
    @extend_schema(
        operation_id="read_account",
        summary="Read an integration and the user's account",
        description="The access token itself stays here: `accountAuth` is always empty.",
        parameters=[
            OpenApiParameter(
                "integration", str, required=True, description="The integration's type, for example `salesforce`."
            ),
            OpenApiParameter("includeAccountAuth", str),
            CREDENTIAL_PARAMETER,
        ],
        responses={200: IntegrationSerializer, 401: TOKEN_REFUSED, 404: UNKNOWN_ACCOUNT},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        integration = self.integration(request.query_params.get("integration", ""))
        credential = chosen_credential(self.user, self.credential_selector, integration)
        document = shapes.integration_document(integration, deployed_workflows(self.project).get(integration.pk, ()))
        account: dict[str, Any] = {**document, "providerData": credential.provider_data}
        if request.query_params.get("includeAccountAuth") == "true":
            account["accountAuth"] = {}
        return Response(account)

    @extend_schema(
        operation_id="install_credential",
        summary="Take over an account that the log-in has connected",
        description="The callback page connects the account; this call gives its document, however often it is made.",
        request=InstallSerializer,
        responses={
            200: CredentialSerializer,
            400: error_response("Salesforce is connected by logging in; there is nothing else to save."),
            401: TOKEN_REFUSED,
            404: UNKNOWN_ACCOUNT,
            501: error_response("`completeInstall()` with an own redirect address is not built yet."),
        },
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        integration = self.integration(str(self.body.get("integrationId") or ""))
        if "code" in self.body:
            raise NotBuiltYet(
                "completeInstall() is not built yet: without overrideRedirectUrl the log-in ends at Isthmus' own callback."
            )
        selector = str(member_of(self.body, "payload").get("credentialId") or "")
        if not selector:
            raise ConnectsByLogin(
                f"{integration.provider.name} is connected by logging in there: call connect() or startOAuthFlow()."
            )
        return Response(document_of(find_credential(self.user, selector, integration)))


class CredentialDetail(SdkView):
    @extend_schema(
        operation_id="read_credential",
        summary="Read a connected account",
        responses={200: CredentialSerializer, 401: TOKEN_REFUSED, 404: UNKNOWN_ACCOUNT},
    )
    def get(self, request: Request, project_id: UUID, credential_id: str) -> Response:
        return Response(document_of(find_credential(self.user, credential_id)))

    @extend_schema(
        operation_id="save_settings",
        summary="Save user settings",
        description=(
            "`workflowSettings` and `sharedSettings` each replace what is stored under that key; the other one stays. "
            "Values are kept of settings that a deployed workflow asks for. A workflow whose values do not fit keeps what it "
            "had, as do the shared settings, and `errors` says why. Passwords are never told: "
            "`••••••` stands for each that is stored, and leaves it as it is when it comes back."
        ),
        request=SettingsSerializer,
        parameters=[CONFIGURATION_PARAMETER],
        responses={
            200: SavedCredentialSerializer,
            400: error_response("The body does not have the shape of settings."),
            401: TOKEN_REFUSED,
            404: UNKNOWN_ACCOUNT,
        },
    )
    def patch(self, request: Request, project_id: UUID, credential_id: str) -> Response:
        credential = find_credential(self.user, credential_id)
        configuration = find_configuration(credential, self.configuration_selector)
        config = member_of(self.body, "config")
        errors: list[str] = []
        if "sharedSettings" in config:
            errors += save_shared(configuration, member_of(config, "sharedSettings"))
        if "workflowSettings" in config:
            errors += save_settings(configuration, _changes(member_of(config, "workflowSettings")))
        document = document_of(credential)
        return Response({**document, "errors": errors, "credential": document})


class CompleteSetup(SdkView):
    @extend_schema(
        operation_id="complete_setup",
        summary="Finish a pending account",
        description="Nothing is asked after the log-in yet, so that no account is pending; gives its document.",
        request=InstallSerializer,
        responses={200: CredentialSerializer, 401: TOKEN_REFUSED, 404: UNKNOWN_ACCOUNT},
    )
    def post(self, request: Request, project_id: UUID, credential_id: str) -> Response:
        return Response(document_of(find_credential(self.user, credential_id)))


def _changes(given: dict[str, Any]) -> dict[str, SwitchChange]:
    """The map as typed changes. Raises BadRequest where an entry has another shape."""
    for workflow_id, entry in given.items():
        if not isinstance(entry, dict):
            raise BadRequest(f"`workflowSettings.{workflow_id}` must be a JSON object.")
        if not isinstance(entry.get("settings", {}), dict) or not isinstance(entry.get("enabled", False), bool):
            raise BadRequest(f'`workflowSettings.{workflow_id}` must look like {{"enabled": true, "settings": {{…}}}}.')
    return cast(dict[str, SwitchChange], given)
