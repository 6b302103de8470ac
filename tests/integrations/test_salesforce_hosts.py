"""Where people log in."""

import pytest

from integrations.errors import IntegrationIncomplete
from integrations.providers.salesforce import hosts


@pytest.mark.parametrize(
    ("chosen", "url"),
    [
        ({}, "https://login.salesforce.com"),
        ({"environment": "production", "domain": "ignored"}, "https://login.salesforce.com"),
        ({"environment": "sandbox"}, "https://test.salesforce.com"),
        ({"environment": "my_domain", "domain": "acme.my.salesforce.com"}, "https://acme.my.salesforce.com"),
        ({"environment": "my_domain", "domain": "https://Acme--uat.sandbox.my.salesforce.com/home"}, "https://acme--uat.sandbox.my.salesforce.com"),
    ],
)  # fmt: skip
def test_each_choice_has_its_host(chosen, url):
    assert hosts.login_url(chosen) == url


@pytest.mark.parametrize(
    ("domain", "advice"),
    [
        ("acme.lightning.force.com", "acme.my.salesforce.com instead"),
        ("https://acme.lightning.force.com/lightning/page/home", "acme.my.salesforce.com instead"),
        ("acme", "acme.my.salesforce.com"),
        ("", "for example"),
        ("evil.example", "not a host of Salesforce"),
        ("evilsalesforce.com", "not a host of Salesforce"),
        ("login.salesforce.com.evil.example", "not a host of Salesforce"),
        ("127.0.0.1:9", "not a host of Salesforce"),
        ("acme.my.salesforce.com:8443", "not a host of Salesforce"),
        ("evil.example@acme.my.salesforce.com.evil.example", "not a host of Salesforce"),
        ("a b.my.salesforce.com", "not a host of Salesforce"),
    ],
)
def test_what_is_no_my_domain_is_refused_with_advice(domain, advice):
    with pytest.raises(IntegrationIncomplete, match=advice) as caught:
        hosts.checked({"environment": "my_domain", "domain": domain})

    assert caught.value.ids["field"] == "domain"


def test_plain_http_is_for_the_deployments_own_hosts_alone(settings):
    settings.SALESFORCE_LOGIN_URL = "http://127.0.0.1:8001"

    assert hosts.login_url({"environment": "my_domain", "domain": "127.0.0.1:8001"}) == "http://127.0.0.1:8001"
    assert (
        hosts.login_url({"environment": "my_domain", "domain": "http://acme.my.salesforce.com"})
        == "https://acme.my.salesforce.com"
    )


def test_an_unknown_environment_is_refused():
    with pytest.raises(IntegrationIncomplete):
        hosts.checked({"environment": "moon"})
