"""`/healthz` says which part does not answer."""

import threading
from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from config import health
from tests.factories import make_credential
from workflows.models import Lane, WorkerPulse

pytestmark = pytest.mark.django_db
PARTS = ("web", "database", "broker", "worker", "lanes")


@pytest.fixture(autouse=True)
def _no_kept_answer(monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", -1.0)


def test_all_is_well_when_a_worker_answered_lately():
    WorkerPulse.objects.create(name="one", beat_at=timezone.now())

    answer = Client().get("/healthz")

    assert answer.status_code == 200 and answer.json()["ok"] is True
    assert {part: answer.json()[part]["ok"] for part in PARTS} == dict.fromkeys(PARTS, True)


@pytest.mark.parametrize("beat_at", [None, timedelta(minutes=1)])
def test_a_worker_that_is_silent_is_said(beat_at):
    if beat_at:
        WorkerPulse.objects.create(name="one", beat_at=timezone.now() - beat_at)

    answer = Client().get("/healthz")

    assert (
        answer.status_code == 503 and answer.json()["worker"]["ok"] is False and answer.json()["database"]["ok"] is True
    )


def test_a_broker_that_is_away_is_said(settings, monkeypatch):
    settings.CELERY_BROKER_URL = "amqp://127.0.0.1:1//"
    monkeypatch.setenv("CELERY_BROKER_URL", settings.CELERY_BROKER_URL)  # which Celery asks before its own settings

    answer = Client().get("/healthz")

    assert answer.json()["broker"]["ok"] is False


def test_a_stranger_reads_no_path_host_or_drivers_words_and_who_has_the_metrics_token_does(settings, monkeypatch):
    settings.METRICS_TOKEN = "of-the-operators"
    WorkerPulse.objects.create(name="worker@host-7", beat_at=timezone.now())
    settings.CELERY_BROKER_URL = "filesystem://"  # whichever broker the suite runs with
    own_folder = Client().get("/healthz", headers={"Authorization": "Bearer of-the-operators"}).json()
    settings.CELERY_BROKER_URL = "amqp://isthmus:secret@127.0.0.1:1//"
    monkeypatch.setenv("CELERY_BROKER_URL", settings.CELERY_BROKER_URL)

    told = Client().get("/healthz")
    guessed = Client().get("/healthz", headers={"Authorization": "Bearer guessed"})
    detailed = Client().get("/healthz", headers={"Authorization": "Bearer of-the-operators"})

    for answer in (told, guessed):
        assert {name for part in PARTS for name in answer.json()[part]} == {"ok", "message"}
        assert not [word for word in ("host-7", "127.0.0.1", "Errno", "/") if word in answer.content.decode()]
    assert own_folder["broker"]["detail"] == str(settings.BROKER_DIR)
    assert detailed.json()["worker"]["detail"] == "worker@host-7" and detailed.json()["broker"]["detail"]
    assert "secret" not in detailed.content.decode()
    assert told["X-Content-Type-Options"] == "nosniff"
    assert Client().get("/metrics")["X-Content-Type-Options"] == "nosniff"


def test_nobody_waits_for_the_request_that_looks(monkeypatch):
    looks, told, goes_on = threading.Event(), threading.Event(), threading.Event()
    well = {"database": {"ok": True, "message": "answers"}}

    def look():
        if looks.is_set():
            return well
        looks.set()
        assert goes_on.wait(60)
        return well

    middleware = health.HealthMiddleware(lambda request: None)
    monkeypatch.setattr(health, "check", lambda: well)
    middleware(RequestFactory().get("/healthz"))
    monkeypatch.setattr(health, "check", look)
    slow = threading.Thread(target=lambda: (middleware(RequestFactory().get("/healthz")), told.set()))
    slow.start()
    assert looks.wait(60)

    meanwhile = middleware(RequestFactory().get("/healthz"))
    monkeypatch.setattr(health, "TRUSTED_SECONDS", 0.0)
    later = middleware(RequestFactory().get("/healthz"))
    was_told = told.is_set()
    goes_on.set()
    slow.join()

    assert not was_told
    assert meanwhile.status_code == 200
    assert later.status_code == 503 and b"has not answered yet" in later.content


def test_a_process_whose_first_look_hangs_answers_the_others_all_the_same(monkeypatch):
    looks, goes_on = threading.Event(), threading.Event()

    def hang():
        looks.set()
        goes_on.wait(60)
        return {"database": {"ok": True, "message": "answers"}}

    monkeypatch.setattr(health, "check", hang)
    middleware = health.HealthMiddleware(lambda request: None)
    first = threading.Thread(target=middleware, args=(RequestFactory().get("/healthz"),))
    first.start()
    try:
        assert looks.wait(60)
        meanwhile = middleware(RequestFactory().get("/healthz"))
        was_answered_before = not goes_on.is_set()
    finally:
        goes_on.set()
        first.join()

    assert was_answered_before and meanwhile.status_code == 503 and b"has not answered yet" in meanwhile.content


def test_health_is_told_to_any_host():
    assert Client().get("/healthz", headers={"host": "10.1.2.3"}).status_code in (200, 503)


@pytest.mark.parametrize(("crashes", "is_well"), [(0, True), (1, True), (2, False)])
def test_a_lane_that_crashes_again_and_again_is_said(crashes, is_well):
    Lane.objects.update_or_create(credential=make_credential(), defaults={"crashes": crashes})
    WorkerPulse.objects.create(name="one", beat_at=timezone.now())

    answer = Client().get("/healthz")

    assert answer.json()["lanes"]["ok"] is is_well and answer.status_code == (200 if is_well else 503)
    assert is_well or "one account's runs" in answer.json()["lanes"]["message"]
