"""Addresses of the App Events pages."""

from django.urls import path

from workflows.app_events import views

urlpatterns = [
    path("app-events/", views.app_events, name="app-events"),
    path("app-events/new/", views.new_app_event, name="new-app-event"),
    path("app-events/<id:app_event_id>/", views.app_event, name="app-event"),
    path("app-events/<id:app_event_id>/delete/", views.delete_app_event, name="delete-app-event"),
]
