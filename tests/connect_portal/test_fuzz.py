"""Every call of the OpenAPI document, with inputs that fit it and inputs that do not: refused in words, and never broken.

ISTHMUS_FUZZ_EXAMPLES sets how many inputs each call gets, for a longer search than the suite's.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET

from tests.connect_portal.conftest import Cast
from tests.factories import bearer, user_token

EXAMPLES = int(os.environ.get("ISTHMUS_FUZZ_EXAMPLES", "6"))
MEANT = {501, 503}
ODD = ["a\x00b", "\ud800", "9" * 400, 1e308, 2**64, -(2**70), [[]] * 200, {"a": {"b": "\x00"}}, "x" * 60_000, "", None]
ODD_BODIES = ["[" * 5_000, '{"meta": ' * 300, "1e999", '"\\u0000"', '{"meta": {"a": NaN}}', "\xff", '{"a":1}{']
ODD_HEADERS = ["a\x00b", "ext:", "\xff\xfe", "9" * 400, "[" * 300, "x" * 9_000]


def odd_body() -> st.SearchStrategy[str]:
    names = [
        "meta",
        "config",
        "sharedSettings",
        "workflowSettings",
        "externalId",
        "integrationId",
        "payload",
        "name",
        "id",
    ]
    values = st.recursive(
        st.sampled_from(ODD), lambda inner: st.dictionaries(st.sampled_from(names), inner), max_leaves=6
    )
    return st.sampled_from(ODD_BODIES) | st.dictionaries(st.sampled_from(names), values).map(json.dumps)


@pytest.mark.timeout(3_600 if EXAMPLES > 6 else 120)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfit"])
def test_no_call_of_the_document_breaks(cast: Cast, mode: GenerationMode) -> None:
    cast.connect(external_id="main")
    document = Client().get("/api/schema/", headers={"Accept": "application/json"}).json()
    client = Client(raise_request_exception=False)
    operations = [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]
    answered: set[int] = set()
    assert len(operations) > 15
    for operation in operations:

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES <= 6, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(
            case=operation.as_strategy(generation_mode=mode),
            body=st.none() | odd_body(),
            header=st.none() | st.sampled_from(ODD_HEADERS),
            token=st.sampled_from([user_token("ana"), user_token("ana"), user_token("ana"), "", "a.b.c", "\xff"]),
        )
        def call(case: Any, body: str | None, header: str | None, token: str) -> None:
            if body is None:
                body = "" if case.body is NOT_SET else json.dumps(case.body, default=str)
            given_ids = {"project_id": cast.project.pk, "workflow_id": cast.workflow.pk, "credential_id": "main"}
            path = case.path
            for name, value in {**(case.path_parameters or {}), **given_ids}.items():
                path = path.replace(f"{{{name}}}", quote(str(value), safe="", errors="replace"))
            query = urlencode(case.query or {}, doseq=True, errors="replace")
            odd = {"X-Paragon-Credential": header, "X-Paragon-User-Metadata": header, "Idempotency-Key": header}
            answer = client.generic(
                case.method, f"{path}?{query}", body.encode("utf-8", "surrogatepass"), "application/json",
                headers=bearer(token) | (odd if header else {}),
            )  # fmt: skip
            answered.add(answer.status_code)
            assert answer.status_code < 500 or answer.status_code in MEANT, (
                case.method,
                path,
                query,
                body[:300],
                header,
            )

        call()
    assert {200, 400, 401} <= answered
