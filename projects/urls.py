"""Addresses of the projects room."""

from django.urls import URLPattern, URLResolver, path

from projects.views import audit, general, home, members, signing_keys, switching

app_name = "projects"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("new-project/", switching.create, name="create"),
    path("switch-project/", switching.switch, name="switch"),
    path("settings/", general.general, name="settings"),
    path("settings/signing-keys/", signing_keys.signing_keys, name="signing-keys"),
    path("settings/signing-keys/<id:key_id>/revoke/", signing_keys.revoke, name="revoke-signing-key"),
    path("settings/token-generator/", signing_keys.token_generator, name="token-generator"),
    path("settings/members/", members.members, name="members"),
    path("settings/members/<int:member_id>/role/", members.change_role, name="change-role"),
    path("settings/members/<int:member_id>/remove/", members.remove, name="remove-member"),
    path("settings/invitations/<id:invitation_id>/withdraw/", members.withdraw, name="withdraw-invitation"),
    path("join/<str:token>/", members.join, name="join"),
    path("settings/audit/", audit.audit, name="audit"),
]
