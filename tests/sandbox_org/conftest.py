"""One sandbox org for the whole test session, emptied before each test."""

from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.support.sandbox import SandboxOrg

VERSION = "v59.0"
ANA = "ana@acme.example"
RAJ = "raj@globex.example"


@dataclass
class Api:
    """The REST API as one user calls it."""

    org: SandboxOrg
    token: str
    user_id: str

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        url = path if path.startswith("http") else f"{self.org.url}/services/data/{VERSION}/{path.lstrip('/')}"
        return requests.request(method, url, headers=headers, timeout=30, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        return self.call("POST", path, json=body, **more)

    def patch(self, path: str, body: Any, **more: Any) -> requests.Response:
        return self.call("PATCH", path, json=body, **more)

    def delete(self, path: str, **more: Any) -> requests.Response:
        return self.call("DELETE", path, **more)

    def query(self, soql: str, **more: Any) -> requests.Response:
        return self.get("query", params={"q": soql}, **more)

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query, without their attributes."""
        reply = self.query(soql)
        assert reply.status_code == 200, reply.text
        return [{key: value for key, value in row.items() if key != "attributes"} for row in reply.json()["records"]]

    def create(self, name: str = "Lead", **values: Any) -> str:
        """A record's id. Leads get the fields that they need."""
        needed = {"LastName": "Myers", "Company": "Northwind"} if name == "Lead" else {}
        reply = self.post(f"sobjects/{name}", {**needed, **values})
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])


@pytest.fixture
def org(running_org: SandboxOrg) -> SandboxOrg:
    running_org.reset()
    return running_org


def api_of(org: SandboxOrg, username: str = "") -> Api:
    grant = org.grant(username)
    return Api(org, grant["access_token"], grant["id"].rsplit("/", 1)[1])


@pytest.fixture
def api(org: SandboxOrg) -> Api:
    return api_of(org)
