"""Addresses of the connect_portal room. The SDK dictates those of the API: none ends in a slash."""

from django.urls import URLPattern, URLResolver, path

from connect_portal.api.configurations import Configurations
from connect_portal.api.credentials import CompleteSetup, CredentialDetail, Credentials
from connect_portal.api.integrations import IntegrationDetail, Integrations
from connect_portal.api.me import Me
from connect_portal.api.oauth import BuildOAuth, OAuthSession
from connect_portal.api.unbuilt import FieldOptions, ProxyRequest, ResourceConnection, TriggerTypes, WorkflowRequest
from connect_portal.api.workflows import WorkflowSwitch
from connect_portal.views import popups, portal

app_name = "connect_portal"
_SDK = "projects/<id:project_id>/sdk"
urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{_SDK}/me", Me.as_view(), name="me"),
    path(f"{_SDK}/integrations", Integrations.as_view(), name="integrations"),
    path(f"{_SDK}/integrations/<str:integration_id>", IntegrationDetail.as_view(), name="integration"),
    path(f"{_SDK}/credentials", Credentials.as_view(), name="credentials"),
    path(f"{_SDK}/credentials/<str:credential_id>", CredentialDetail.as_view(), name="credential"),
    path(f"{_SDK}/credentials/<str:credential_id>/complete-setup", CompleteSetup.as_view(), name="complete-setup"),
    path(f"{_SDK}/credentials/<str:credential_id>/configurations", Configurations.as_view(), name="configurations"),
    path(f"{_SDK}/workflows/<id:workflow_id>", WorkflowSwitch.as_view(), name="workflow"),
    path(f"{_SDK}/actions/session-id/<str:session_id>", OAuthSession.as_view(), name="oauth-session"),
    path(f"v2/{_SDK}/actions/build-oauth", BuildOAuth.as_view(), name="build-oauth-v2"),
    path(f"{_SDK}/actions/build-oauth", popups.build_oauth, name="build-oauth"),
    path(f"{_SDK}/actions/oauth-nonce", popups.nonce, name="oauth-nonce"),
    path("oauth/callback", popups.callback, name="oauth-callback"),
    path("oauth/add-account", popups.add_account, name="add-account"),
    path("ui", portal.frame, name="portal"),
    path("ui/<id:project_id>/card", portal.card, name="portal-card"),
    path("ui/<id:project_id>/workflows/<id:workflow_id>", portal.workflow_row, name="portal-workflow"),
    path("connect.js", portal.connect_js, name="connect-js"),
    # The rooms of the protocol that say that they are not furnished yet:
    path(f"{_SDK}/triggers/<str:workflow_id>", WorkflowRequest.as_view(), name="workflow-request"),
    path(f"{_SDK}/proxy/<path:address>", ProxyRequest.as_view(), name="proxy"),
    path(f"{_SDK}/actions", FieldOptions.as_view(), name="field-options"),
    path(f"{_SDK}/resources/<str:resource_id>/connect", ResourceConnection.as_view(), name="resource"),
    path("projects/<id:project_id>/triggers", TriggerTypes.as_view(), name="trigger-types"),
]
