"""A request that no view could be asked is told what is wrong with it, and nothing else is blamed."""

import pytest
from django.test import Client

from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_a_host_name_that_is_not_ours_is_not_said_to_be_too_much(settings):
    settings.ALLOWED_HOSTS = ["isthmus.example"]

    answer = Client(headers={"host": "evil.example"}).get("/accounts/login/")

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "does not answer here" in page and "ALLOWED_HOSTS" in page
    assert "2 MB" not in page and "evil.example" not in page


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (
            "&".join(f"f{number}=" for number in range(1_200)),
            "application/x-www-form-urlencoded",
            "more than 1,000 fields",
        ),
        ("name=" + "x" * 2_000_001, "application/x-www-form-urlencoded", "larger than 2 MB"),
        ("--x\r\n", "multipart/form-data", "The request is damaged"),
    ],
)
def test_what_can_not_be_read_is_told_by_what_it_is(body, kind, says):
    client = Client(raise_request_exception=False)
    client.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")

    answer = client.generic("POST", "/new-project/", body, content_type=kind)

    assert answer.status_code == 400 and says in answer.content.decode()
