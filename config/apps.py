"""Django's entry to the wiring: every process that has the apps has the Celery app that their tasks are sent by."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import celery  # noqa: F401  # the app that shared tasks find is the one made last
