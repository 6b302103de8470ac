"""Settings, root URLs and the Celery app: wires the rooms together, decides nothing about the product."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
