"""Where people log in: production, a sandbox, or an org's own My Domain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from integrations.errors import IntegrationIncomplete
from integrations.providers.base import JSON

PRODUCTION, SANDBOX, MY_DOMAIN = "production", "sandbox", "my_domain"
ENVIRONMENTS: Final = (PRODUCTION, SANDBOX, MY_DOMAIN)
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+\Z")
_OF_SALESFORCE: Final = (".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn")
"""Only these: a server that sends its secret to any host typed in could be aimed at its own network."""


class DomainRefused(ValueError):
    """That can not be a My Domain; the message says what to enter instead."""


def login_url(chosen: Mapping[str, JSON]) -> str:
    """The base URL of the log-in host for {"environment", "domain"}. Raises IntegrationIncomplete."""
    environment = chosen.get("environment") or PRODUCTION
    if environment == SANDBOX:
        return str(settings.SALESFORCE_SANDBOX_LOGIN_URL)
    if environment != MY_DOMAIN:
        return str(settings.SALESFORCE_LOGIN_URL)
    try:
        host = my_domain(str(chosen.get("domain") or ""))
    except DomainRefused as refused:
        raise IntegrationIncomplete(str(refused)) from refused
    return _configured().get(host, f"https://{host}")


def checked(chosen: Mapping[str, JSON]) -> dict[str, JSON]:
    """The settings with the domain in its one spelling. Raises IntegrationIncomplete, with the `field` in its ids."""
    environment, domain = chosen.get("environment") or PRODUCTION, str(chosen.get("domain") or "")
    if environment not in ENVIRONMENTS:
        raise IntegrationIncomplete("Choose production, sandbox or My Domain.", field="environment")
    if environment != MY_DOMAIN:
        return {"environment": environment, "domain": ""}
    try:
        return {"environment": environment, "domain": my_domain(domain)}
    except DomainRefused as refused:
        raise IntegrationIncomplete(str(refused), field="domain") from refused


def my_domain(entered: str) -> str:
    """The host that was meant, in lower case and without scheme or path. Raises DomainRefused."""
    text = entered.strip().lower()
    host = urlsplit(text if "//" in text else f"//{text}").netloc.rpartition("@")[2]
    if not host:
        raise DomainRefused("Enter the org's My Domain, for example acme.my.salesforce.com.")
    if host in _configured():
        return host
    if host.endswith(".lightning.force.com"):
        meant = host.removesuffix(".lightning.force.com") + ".my.salesforce.com"
        raise DomainRefused(f"{host} is the address of Salesforce's pages, not of its log-in. Enter {meant} instead.")
    if "." not in host:
        raise DomainRefused(f"Enter the whole host: {host}.my.salesforce.com.")
    if not _HOST.match(host) or not host.endswith(_OF_SALESFORCE):
        raise DomainRefused(
            f"{host} is not a host of Salesforce. Setup, My Domain shows it: something.my.salesforce.com."
        )
    return host


def origin_of(address: str) -> str | None:
    """The scheme and host of an address that an answer has named, where they are Salesforce's; None for any other.

    Tokens are sent there. Source: https at a host of Salesforce's domains, or a base URL of the deployment's own settings.
    """
    try:
        parts = urlsplit(address)
        is_default_port = parts.port in (None, 443)
    except ValueError:
        return None
    origin = f"{parts.scheme}://{parts.netloc.lower()}"
    if origin in _configured().values():
        return origin
    host = (parts.hostname or "").lower()
    is_bare = parts.netloc.lower() in (host, f"{host}:443")
    is_salesforce = bool(_HOST.match(host)) and host.endswith(_OF_SALESFORCE)
    return f"https://{host}" if parts.scheme == "https" and is_default_port and is_bare and is_salesforce else None


def _configured() -> dict[str, str]:
    """The base URLs of the settings by host: a local org may speak plain http there, and nowhere else."""
    urls = (settings.SALESFORCE_LOGIN_URL, settings.SALESFORCE_SANDBOX_LOGIN_URL, settings.SANDBOX_ORG_URL)
    return {urlsplit(url).netloc: url for url in urls if url}
