"""Addresses of the editor room."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
