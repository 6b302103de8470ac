"""One task per event."""

import threading

import requests
from celery import shared_task
from django.conf import settings
from django.db import OperationalError

from benchmarks.by_hand.leads.models import Account, Event, Result

_local = threading.local()


def _session() -> requests.Session:
    """A session per thread, so that connections to Salesforce stay open."""
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
        _local.session.trust_env = False
    session: requests.Session = _local.session
    return session


@shared_task(autoretry_for=(requests.RequestException, OperationalError), retry_backoff=True, max_retries=8)
def create_lead(event_id: int) -> None:
    event = Event.objects.get(pk=event_id)
    if Result.objects.filter(event=event).exists():
        return
    account = Account.objects.get(user_id=event.user_id)
    response = _session().post(
        f"{account.instance_url}/services/data/v62.0/sobjects/Lead",
        json={
            "FirstName": event.payload["first_name"],
            "LastName": event.payload["last_name"],
            "Email": event.payload["email"],
            "Company": event.payload["company"],
        },
        headers={"Authorization": f"Bearer {account.access_token}"},
        timeout=settings.SALESFORCE_TIMEOUT_SECONDS,
    )
    if response.status_code >= 500 or response.status_code == 429:
        response.raise_for_status()
    answer = response.json()
    if response.ok:
        Result.objects.create(event=event, record_id=answer["id"])
    else:
        Result.objects.create(event=event, record_id="", error=answer)
