"""The app's name. Importing the Celery app here makes `delay` use it in the web processes too."""

from django.apps import AppConfig

from benchmarks.by_hand.celery import app as celery_app

__all__ = ["LeadsConfig", "celery_app"]


class LeadsConfig(AppConfig):
    name = "benchmarks.by_hand.leads"
    label = "leads"
