# ruff: noqa: N815 -- the SDK's words are in camel case
"""The schema's words for the documents of `shapes`: what OpenAPI readers see."""

from typing import Any

from rest_framework import serializers


class SwitchSerializer(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()
    settings = serializers.DictField()


class ConfigurationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    connectCredentialId = serializers.UUIDField()
    isDefault = serializers.BooleanField()
    externalId = serializers.CharField(allow_null=True)
    dateCreated = serializers.DateTimeField()
    dateUpdated = serializers.DateTimeField()
    configMeta = serializers.DictField()
    sharedSettings = serializers.DictField()
    workflowSettings = serializers.DictField(
        child=SwitchSerializer(), help_text="By workflow id, one for each deployed workflow."
    )


class CredentialSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    projectId = serializers.UUIDField()
    integrationId = serializers.UUIDField()
    personaId = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["VALID", "INVALID", "PENDING"])
    statusReason = serializers.CharField(allow_blank=True)
    providerId = serializers.CharField(help_text="The account at the provider; for Salesforce the org id.")
    providerData = serializers.DictField()
    externalId = serializers.CharField(allow_null=True)
    dateCreated = serializers.DateTimeField()
    dateUpdated = serializers.DateTimeField()
    dateRefreshed = serializers.DateTimeField(allow_null=True)
    configurations = ConfigurationSerializer(many=True)


class SavedCredentialSerializer(CredentialSerializer):
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(), help_text="What was not stored, in words."
    )
    credential = CredentialSerializer(help_text="The same document, for SDK versions up to 2.0.6.")


class EntrySerializer(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()
    credentialId = serializers.UUIDField(required=False)
    credentialStatus = serializers.CharField(required=False)
    credentialConfigId = serializers.UUIDField(required=False)
    providerId = serializers.CharField(required=False)
    workflowSettings = serializers.DictField(child=SwitchSerializer(), required=False)
    allCredentials = CredentialSerializer(many=True)


class ProjectSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    billingPlan = serializers.CharField()
    accessibleFeatures = serializers.ListField(child=serializers.CharField())


class UserSerializer(serializers.Serializer[Any]):
    authenticated = serializers.BooleanField()
    userId = serializers.CharField()
    meta = serializers.DictField()
    resources = serializers.JSONField(help_text="A list.")
    project = ProjectSerializer()
    integrations = serializers.DictField(
        child=EntrySerializer(), help_text="By integration type, for example `salesforce`."
    )


class MetaSerializer(serializers.Serializer[Any]):
    meta = serializers.DictField(help_text="Merged into what is stored; `Name` and `Email` can be searched by.")


class IntegrationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    type = serializers.CharField()
    name = serializers.CharField()
    brandColor = serializers.CharField()
    isActive = serializers.BooleanField()
    authenticationType = serializers.CharField()
    needPreOauthInputs = serializers.BooleanField()
    sdkIntegrationConfig = serializers.DictField()
    workflows = serializers.ListField(child=serializers.DictField())
    configs = serializers.ListField(child=serializers.DictField())


class InstallSerializer(serializers.Serializer[Any]):
    integrationId = serializers.CharField()
    payload = serializers.DictField(required=False, help_text='What the callback page gave: `{"credentialId": …}`.')
    config = serializers.DictField(required=False)
    installOptions = serializers.DictField(required=False)


class SettingsConfigSerializer(serializers.Serializer[Any]):
    sharedSettings = serializers.DictField(required=False)
    workflowSettings = serializers.DictField(child=SwitchSerializer(), required=False)


class SettingsSerializer(serializers.Serializer[Any]):
    config = SettingsConfigSerializer()


class NewConfigurationSerializer(serializers.Serializer[Any]):
    externalId = serializers.CharField(required=False, max_length=255)


class SessionSerializer(serializers.Serializer[Any]):
    connectCredentialId = serializers.UUIDField(required=False, help_text="Absent while the log-in is not finished.")


class RedirectSerializer(serializers.Serializer[Any]):
    redirectUrl = serializers.URLField(help_text="The provider's log-in page.")
