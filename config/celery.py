"""The Celery app: messages are doorbells, the database rows are the truth."""

import os
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.beat import EmbeddedService, Scheduler
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings

from config import file_broker
from lib import arenas, silence

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# A worker would run Django's checks at its start, and for them load every page, 25 MB of what it never shows. The migration
# before it has run them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")
arenas.keep_few()

app = Celery("isthmus")
_options: dict[str, object] = {}
if settings.CELERY_BROKER_URL.startswith("filesystem://"):
    # The broker of the embedded default: message files inside the data folder. In and out are one folder, so that
    # every process reads what any process wrote.
    file_broker.register()
    for name in ("messages", "control", "processed"):
        (settings.BROKER_DIR / name).mkdir(parents=True, exist_ok=True)
    _options = {
        "data_folder_in": str(settings.BROKER_DIR / "messages"),
        "data_folder_out": str(settings.BROKER_DIR / "messages"),
        "control_folder": str(settings.BROKER_DIR / "control"),
        "processed_folder": str(settings.BROKER_DIR / "processed"),
        "store_processed": False,
        "polling_interval": 0.02,
    }
elif settings.CELERY_BROKER_URL.startswith(("redis://", "rediss://")):
    _options = silence.of_redis(settings.SILENCE_SECONDS)

HOURLY = ("integrations.keep_credentials_alive", "workflows.drop_old_history")

app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=_options,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=3,
    task_ignore_result=True,
    task_default_queue=settings.CELERY_QUEUE,
    task_serializer="json",
    accept_content=["json"],
    # A lost doorbell costs seconds, as the sweep rings again, so one more try will do. Without it a connection that RabbitMQ
    # has closed is never opened anew, and nobody rings in this process any more.
    task_publish_retry=True,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0},
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    task_acks_late=True,
    beat_max_loop_interval=1,
    timezone="UTC",
    beat_schedule={
        "wake-due-lanes": {
            "task": "workflows.wake_due_lanes",
            "schedule": timedelta(seconds=settings.SWEEP_SECONDS),
            "options": {"expires": 10},
        },
        **{task: {"task": task, "schedule": timedelta(hours=1), "options": {"expires": 3000}} for task in HOURLY},
    },
)
app.autodiscover_tasks(["workflows", "integrations"])


# Celery would close the database's connection before and after each task; our tasks look after theirs.
app.conf["CELERY_DB_REUSE_MAX"] = 10**9

_beats: list[Any] = []


@worker_ready.connect
def _start_beat(**_: object) -> None:
    """Each worker carries its own clock, as a thread: a killed worker leaves none behind, and no host is the only one.

    What the clock asks for may be asked for twice. It keeps no file of its last times, so the hourly work is also done
    at the start.
    """
    if settings.WORKER_BEAT:
        beat: Any = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
        beat.start()
        _beats.append(beat)
        for task in HOURLY:
            app.send_task(task, expires=3000)


@worker_ready.connect
def _open_crew(sender: Any, **_: object) -> None:
    """Lanes have threads of their own: as many at once as the worker's concurrency, and more that only wait."""
    from workflows.engine import crews

    if sender.controller.pool_cls.__module__.endswith(".thread"):
        crews.open_crew(quick=sender.controller.concurrency)


@worker_shutting_down.connect
def _close_crew(**_: object) -> None:
    from workflows.engine import crews

    crews.close()


@worker_shutdown.connect
def _wait_for_crew(**_: object) -> None:
    from workflows.engine import crews

    crews.wait()


@worker_ready.connect
def _serve_metrics(**_: object) -> None:
    from config import metrics  # it needs the apps, which are loaded by now

    metrics.serve_from_worker()


@worker_shutting_down.connect
def _stop_beat(**_: object) -> None:
    while _beats:
        _beats.pop().service.stop()
