"""`/sdk/credentials/{id}/configurations`: several sets of settings for one account."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connect_portal.api.base import (
    CONFIGURATION_PARAMETER,
    TOKEN_REFUSED,
    SdkView,
    checked_meta,
    error_response,
    member_of,
)
from connect_portal.api.credentials import UNKNOWN_ACCOUNT, document_of
from connect_portal.api.documents import CredentialSerializer, MetaSerializer, NewConfigurationSerializer
from connect_portal.errors import BadRequest, ConfigurationExists, DefaultConfiguration, TooManyConfigurations
from connect_portal.selecting import find_configuration, find_credential
from integrations.models import Configuration, Credential
from workflows.switching import apply_defaults

MAX_EXTERNAL_ID_CHARACTERS = 255
MAX_CONFIGURATIONS = 50
"""Of one account, its default included: an event may start a run for each."""


class Configurations(SdkView):
    @extend_schema(
        operation_id="create_configuration",
        summary="Add a configuration",
        request=NewConfigurationSerializer,
        responses={
            200: CredentialSerializer,
            401: TOKEN_REFUSED,
            404: UNKNOWN_ACCOUNT,
            409: error_response("The external id is taken, or the account has as many as it may have."),
        },
    )
    def post(self, request: Request, project_id: UUID, credential_id: str) -> Response:
        credential = find_credential(self.user, credential_id)
        external_id = _external_id(self.body.get("externalId"))
        try:
            with transaction.atomic():
                _require_room(credential)
                configuration = Configuration.objects.create(
                    credential=credential, is_default=False, external_id=external_id
                )
                apply_defaults(configuration)
        except IntegrityError as exc:
            raise ConfigurationExists(external_id=external_id) from exc
        return Response(document_of(credential))

    @extend_schema(
        operation_id="update_configuration",
        summary="Set a configuration's metadata",
        request=MetaSerializer,
        parameters=[CONFIGURATION_PARAMETER],
        responses={200: CredentialSerializer, 401: TOKEN_REFUSED, 404: UNKNOWN_ACCOUNT},
    )
    def patch(self, request: Request, project_id: UUID, credential_id: str) -> Response:
        credential = find_credential(self.user, credential_id)
        configuration = find_configuration(credential, self.configuration_selector)
        configuration.meta = checked_meta(member_of(self.body, "meta"))
        configuration.save(update_fields=["meta", "updated_at"])
        return Response(document_of(credential))

    @extend_schema(
        operation_id="delete_configuration",
        summary="Remove a configuration",
        parameters=[CONFIGURATION_PARAMETER],
        responses={
            204: None,
            401: TOKEN_REFUSED,
            404: UNKNOWN_ACCOUNT,
            409: error_response("The default configuration stays."),
        },
    )
    def delete(self, request: Request, project_id: UUID, credential_id: str) -> Response:
        configuration = find_configuration(find_credential(self.user, credential_id), self.configuration_selector)
        if configuration.is_default:
            raise DefaultConfiguration(configuration=configuration.pk)
        configuration.delete()
        return Response(status=204)


def _require_room(credential: Credential) -> None:
    Credential.objects.select_for_update(of=("self",)).get(pk=credential.pk)  # requests count one after the other
    if credential.configurations.count() >= MAX_CONFIGURATIONS:
        raise TooManyConfigurations(
            f"An account has at most {MAX_CONFIGURATIONS} configurations. Remove one that is not needed any more first.",
            credential=credential.pk,
        )


def _external_id(given: object) -> str | None:
    if given in (None, ""):
        return None
    if not isinstance(given, str) or len(given) > MAX_EXTERNAL_ID_CHARACTERS:
        raise BadRequest(f"`externalId` must be a text of at most {MAX_EXTERNAL_ID_CHARACTERS} characters.")
    return given.removeprefix("ext:") or None
