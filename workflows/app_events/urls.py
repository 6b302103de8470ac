"""Addresses of the app_events room."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
