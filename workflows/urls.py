"""Addresses of the workflows app: a module for each of its rooms."""

from django.urls import include, path

app_name = "workflows"
urlpatterns = [
    path("", include("workflows.overview.urls")),
    path("", include("workflows.app_events.urls")),
    path("", include("workflows.editor.urls")),
    path("", include("workflows.history.urls")),
    path("", include("workflows.intake.urls")),
]
