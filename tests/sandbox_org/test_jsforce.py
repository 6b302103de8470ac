"""jsforce from npm, unmodified, takes the org for Salesforce."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.sandbox import ROOT

SCRIPT = Path(__file__).with_name("jsforce_check.mjs")
CALLBACK = "http://127.0.0.1:9/callback"
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


@pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules/jsforce").exists(), reason="needs node and npm packages"
)
def test_jsforce_logs_in_describes_creates_queries_and_survives_an_expiry(org):
    app = org.app(redirect_uris=[CALLBACK], rotation=False, require_pkce=True)
    login = org.app()
    arguments = [org.url, login["username"], login["password"], app["client_id"], app["client_secret"], CALLBACK]
    environment = {key: value for key, value in os.environ.items() if key not in PROXIES}

    done = subprocess.run(
        ["node", str(SCRIPT), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["soap"]["instanceUrl"] == org.url
    assert (seen["soap"]["userId"][:3], seen["soap"]["organizationId"][:3]) == ("005", "00D")
    assert seen["oauth"]["id"] == seen["soap"]["userId"]
    assert seen["identity"] == login["username"]
    assert seen["describe"] == 55
    assert {"Lead", "Contact", "Account", "User"} <= set(seen["global"])
    assert seen["created"]["success"]
    assert seen["many"] == 450
    assert [result["success"] for result in seen["mixed"]] == [True, False]
    assert seen["mixed"][1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert seen["updated"]["success"]
    assert [(result["created"], result["id"]) for result in seen["upserts"]] == [
        (True, seen["upserts"][0]["id"]),
        (False, seen["upserts"][0]["id"]),
    ]
    assert seen["retrieved"] == "Rome"
    assert seen["pages"] == [200, 200, 50]
    assert [record["LastName"] for record in seen["found"]] == ["Smith"]
    assert seen["deleted"]["success"]
    assert seen["gone"] == "NOT_FOUND"
    assert seen["refused"] == {"code": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [Company]"}
    assert seen["afterExpiry"] == 452
    assert seen["limit"] == 1_000_000
    assert org.calls()["resources"]["token:refresh_token"] == 1
