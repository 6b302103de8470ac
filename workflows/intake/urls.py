"""Addresses of the intake: the SDK uses both, by its version and its settings."""

from django.urls import URLPattern, path

from workflows.intake.api import TriggerEvent

urlpatterns: list[URLPattern] = [
    path("projects/<id:project_id>/sdk/events/trigger", TriggerEvent.as_view(), name="trigger-event"),
    path("v2/projects/<id:project_id>/sdk/events/trigger", TriggerEvent.as_view(), name="trigger-event-v2"),
]
