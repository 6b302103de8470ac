from django.apps import AppConfig
from django.urls import register_converter

from lib.address_ids import IdConverter


class ProjectsConfig(AppConfig):
    """Tenants, members, signing keys, user tokens, audit: the ground floor."""

    name = "projects"

    def ready(self) -> None:
        """Make the converter of ids known, before any room's addresses are read."""
        register_converter(IdConverter, "id")
