"""Addresses of the history room."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
