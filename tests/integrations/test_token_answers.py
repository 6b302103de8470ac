"""What a token answer says, from a log-in host that lies: our tokens go to Salesforce's own hosts and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from integrations import refreshing
from integrations.errors import OAuthFailed
from integrations.models import Credential, Integration
from integrations.providers import registry
from integrations.providers.salesforce import hosts
from tests.factories import make_credential, make_integration

pytestmark = pytest.mark.django_db

ORG_AND_USER = "00DSb0000000001MAA/005Sb0000000002MAA"


class Liar:
    """A host that answers every request with `answer`, and remembers who came with which authorization."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answer: dict[str, Any] = {}
        self.seen: list[tuple[str, str]] = []


@contextmanager
def liar() -> Iterator[Liar]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.seen.append((self.path.partition("?")[0], self.headers.get("Authorization", "")))
            body = json.dumps(found.answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        found = Liar(f"http://127.0.0.1:{httpd.server_port}")
        Thread(target=httpd.serve_forever, daemon=True).start()
        yield found
        httpd.shutdown()


@pytest.fixture
def login_host(settings: Any) -> Iterator[Liar]:
    """The deployment's own log-in host."""
    with liar() as host:
        settings.SALESFORCE_LOGIN_URL = settings.SALESFORCE_SANDBOX_LOGIN_URL = host.url
        host.answer = {
            "access_token": "00D!secret",
            "refresh_token": "refresh",
            "instance_url": host.url,
            "id": f"{host.url}/id/{ORG_AND_USER}",
        }
        yield host


@pytest.fixture
def elsewhere() -> Iterator[Liar]:
    with liar() as host:
        yield host


def exchange(integration: Integration, login_host: Liar) -> Any:
    return registry.provider("salesforce").exchange_code(
        integration, code="c", code_verifier="v", redirect_uri="http://localhost/cb", login_url=login_host.url
    )


def test_a_host_that_is_not_salesforces_becomes_no_orgs_address(login_host: Liar, elsewhere: Liar) -> None:
    login_host.answer["instance_url"] = elsewhere.url

    with pytest.raises(OAuthFailed, match="no usable address"):
        exchange(make_integration(), login_host)

    assert elsewhere.seen == []


def test_no_token_is_sent_to_an_identity_that_is_not_salesforces(login_host: Liar, elsewhere: Liar) -> None:
    login_host.answer["id"] = f"{elsewhere.url}/id/{ORG_AND_USER}"

    grant = exchange(make_integration(), login_host)

    assert grant.provider_id == "00DSb0000000001MAA" and elsewhere.seen == []
    assert "identity_url" not in grant.provider_data


def test_a_renewal_that_names_another_host_moves_no_account(login_host: Liar, elsewhere: Liar) -> None:
    data = {"instance_url": login_host.url, "login_url": login_host.url}
    credential = make_credential(make_integration(), provider_data=data)
    login_host.answer["instance_url"] = elsewhere.url

    renewed = refreshing.refresh(credential.pk, stale_version=0)

    assert renewed.provider_data["instance_url"] == login_host.url
    assert renewed.tokens["access_token"] == "00D!secret" and elsewhere.seen == []


@pytest.mark.parametrize("missing", ["instance_url", "id"])
@pytest.mark.parametrize("odd", [None, "", 7, [], "nonsense", "https://", "https://[::1%x]/", "javascript:alert(1)"])
def test_an_answer_without_an_address_is_refused_in_words(login_host: Liar, missing: str, odd: Any) -> None:
    login_host.answer[missing] = odd

    with pytest.raises(OAuthFailed) as caught:
        exchange(make_integration(), login_host)

    assert caught.value.reason == "provider_error" and not Credential.objects.exists()


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://ACME.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com:443/services", "https://acme--uat.sandbox.my.salesforce.com"),
        ("https://login.salesforce.com/id/00D/005", "https://login.salesforce.com"),
        ("https://acme.my.salesforce.mil", "https://acme.my.salesforce.mil"),
        ("https://acme.my.sfcrmproducts.cn", "https://acme.my.sfcrmproducts.cn"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://localhost:8001/id/1", "http://localhost:8001"),
        ("http://localhost:8002", None),
        ("http://localhost", None),
        ("https://localhost:8001", None),
        ("http://acme.my.salesforce.com", None),
        ("https://acme.my.salesforce.com:8443", None),
        ("https://acme.my.salesforce.com.evil.example", None),
        ("https://evilsalesforce.com", None),
        ("https://salesforce.com", None),
        ("https://evil.example/acme.my.salesforce.com", None),
        ("https://acme.my.salesforce.com@evil.example", None),
        ("https://user@acme.my.salesforce.com", None),
        ("https://evil.example\\.salesforce.com", None),
        ("https://evil.example#.salesforce.com", None),
        ("https://evil.example?.salesforce.com", None),
        ("https://169.254.169.254", None),
        ("//acme.my.salesforce.com", None),
        ("acme.my.salesforce.com", None),
        ("https://acme.my.salesforce.com:99999", None),
        ("ftp://acme.my.salesforce.com", None),
        ("", None),
    ],
)
def test_only_salesforces_hosts_and_the_deployments_own_are_its(
    settings: Any, address: str, origin: str | None
) -> None:
    settings.SALESFORCE_LOGIN_URL = "http://localhost:8001"

    assert hosts.origin_of(address) == origin
