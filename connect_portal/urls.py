"""Addresses of the connect_portal room."""

from django.urls import URLPattern, URLResolver

app_name = "connect_portal"
urlpatterns: list[URLPattern | URLResolver] = []
