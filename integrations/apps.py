from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Providers, OAuth, credentials, configurations."""

    name = "integrations"
