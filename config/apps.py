"""Django's entry to the wiring: what every process that has the apps needs."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.urls import register_converter

from lib import silence
from lib.address_ids import IdConverter


class WiringConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import celery  # noqa: F401  # the app that shared tasks find is the one made last

        connection_created.connect(_set_up)
        register_converter(IdConverter, "id")  # before anybody reads the addresses of a room, which have it


def _set_up(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "postgresql":
        silence.tell_postgres(connection, settings.SILENCE_SECONDS)
