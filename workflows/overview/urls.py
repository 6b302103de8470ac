"""Addresses of the overview room."""

from django.urls import URLPattern, path

from workflows.overview import views

urlpatterns: list[URLPattern] = [
    path("integrations/", views.catalogue, name="integrations"),
    path("integrations/checklist/dismiss/", views.dismiss_checklist, name="dismiss-checklist"),
    path("integrations/<slug:provider_key>/", views.overview, name="integration"),
    path("integrations/<slug:provider_key>/settings/", views.integration_settings, name="integration-settings"),
    path("integrations/<slug:provider_key>/settings/local-org/", views.fill_from_local_org, name="fill-from-local-org"),
]
