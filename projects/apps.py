from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Tenants, members, signing keys, user tokens, audit: the ground floor."""

    name = "projects"
