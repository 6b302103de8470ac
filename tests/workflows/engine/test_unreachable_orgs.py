"""An account whose org can not be reached stays valid, and its pages say since when and why."""

import re
import socket

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Credential, CredentialStatus
from integrations.providers.salesforce import pool
from projects.models import Role
from tests.factories import make_member
from workflows.models import Run, RunState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def closed_port():
    """A port at which nobody listens, kept from others."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def move(tutorial, url):
    """Have the credential's org stand at another address."""
    credential = Credential.objects.get(pk=tutorial.credential.pk)
    Credential.objects.update(provider_data={**credential.provider_data, "instance_url": url})
    pool.clear()


def text_at(tutorial, name, *args):
    client = Client()
    user = make_member(tutorial.project, Role.VIEWER).user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    body = client.get(reverse(f"workflows:{name}", args=args)).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_an_org_that_refuses_the_connection_is_named_on_the_run_and_on_the_users_pages(tutorial, closed_port):
    move(tutorial, f"http://127.0.0.1:{closed_port}")
    run = tutorial.send()

    tutorial.drain()

    words = f"Can not connect to 127.0.0.1:{closed_port}: the connection is refused."
    credential = Credential.objects.get()
    assert (credential.status, credential.unreachable_reason) == (CredentialStatus.VALID, words)
    assert Run.objects.get().state == RunState.WAITING
    run_page, user_page = text_at(tutorial, "run", run.pk), text_at(tutorial, "connected-user", tutorial.user.pk)
    assert words in run_page and "It began" in run_page and words in user_page and "It began" in user_page
    assert "an not be reached" in text_at(tutorial, "connected-users")


def test_it_is_told_since_when_and_no_longer_once_the_org_answers(tutorial, closed_port):
    move(tutorial, f"http://127.0.0.1:{closed_port}")
    run = tutorial.send()
    tutorial.drain()
    since = Credential.objects.get().unreachable_since
    Run.objects.update(wake_at=since)
    tutorial.drain()
    assert since and Credential.objects.get().unreachable_since == since

    move(tutorial, tutorial.org.url)
    Run.objects.update(wake_at=since)
    tutorial.drain()

    assert Run.objects.get(pk=run.pk).state == RunState.SUCCEEDED
    credential = Credential.objects.get()
    assert (credential.unreachable_since, credential.unreachable_reason) == (None, "")


@pytest.mark.parametrize(
    ("scheme", "host", "words"),
    [
        ("https", "", "no secure connection comes about"),
        ("http", "no-such-host.invalid", "there is no host of that name"),
    ],
    ids=["without TLS", "unknown name"],
)
def test_whatever_keeps_the_connection_from_coming_about_is_said(tutorial, monkeypatch, scheme, host, words):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    own = tutorial.org.url.partition("://")[2]
    move(tutorial, f"{scheme}://{host or own}")
    tutorial.send()

    tutorial.drain()

    reason = Credential.objects.get().unreachable_reason
    assert reason.startswith(f"Can not connect to {host or own}: ") and words in reason


def test_a_log_in_that_can_not_be_renewed_for_want_of_a_connection_is_told_too(tutorial, closed_port, settings):
    tutorial.org.faults("expire_tokens", count=1)
    settings.SALESFORCE_LOGIN_URL = f"http://127.0.0.1:{closed_port}"
    integration = tutorial.credential.integration
    integration.settings = {**integration.settings, "login_url": settings.SALESFORCE_LOGIN_URL}
    tutorial.send()

    tutorial.drain()

    credential = Credential.objects.get()
    assert credential.status == CredentialStatus.VALID
    assert f"127.0.0.1:{closed_port}" in credential.unreachable_reason
