"""`/sdk/me`, as the SDK's `authenticate()` and `setUserMetadata()` call it."""

from tests.connect_portal.conftest import Cast
from tests.factories import make_workflow, switch_on


def test_a_user_with_nothing_connected_gets_an_entry_for_every_integration(cast: Cast) -> None:
    body = cast.sdk("GET", "/sdk/me").json()

    assert body["authenticated"] is True and body["userId"] == "ana" and body["resources"] == []
    assert body["integrations"] == {"salesforce": {"enabled": False, "allCredentials": []}}
    assert "headless-cp" in body["project"]["accessibleFeatures"]


def test_a_connected_account_comes_with_its_default_configuration_and_every_deployed_workflow(cast: Cast) -> None:
    credential = cast.connect()
    make_workflow(cast.integration, deployed=False)
    switch_on(cast.workflow, credential, region="eu")

    entry = cast.sdk("GET", "/sdk/me").json()["integrations"]["salesforce"]

    configuration = entry["allCredentials"][0]["configurations"][0]
    assert entry["enabled"] and entry["credentialId"] == str(credential.pk) and entry["credentialStatus"] == "VALID"
    assert entry["credentialConfigId"] == configuration["id"] and configuration["isDefault"]
    assert configuration["connectCredentialId"] == str(credential.pk)
    assert configuration["workflowSettings"] == {str(cast.workflow.pk): {"enabled": True, "settings": {"region": "eu"}}}


def test_an_account_that_needs_reconnecting_is_named_but_not_enabled(cast: Cast) -> None:
    credential = cast.connect(status="INVALID", status_reason="The password was changed.")

    entry = cast.sdk("GET", "/sdk/me").json()["integrations"]["salesforce"]

    assert (entry["enabled"], entry["credentialStatus"], entry["credentialId"]) == (
        False,
        "INVALID",
        str(credential.pk),
    )


def test_tokens_of_the_account_are_never_in_the_answer(cast: Cast) -> None:
    cast.connect(tokens={"access_token": "00D!very-secret", "refresh_token": "also-secret"})

    for path in ("/sdk/me", "/sdk/integrations", "/sdk/credentials?integration=salesforce&includeAccountAuth=true"):
        text = cast.sdk("GET", path).content.decode()
        assert "very-secret" not in text and "also-secret" not in text


def test_nobody_sees_the_accounts_of_another_user(cast: Cast) -> None:
    cast.connect()

    assert cast.bens_sdk("GET", "/sdk/me").json()["integrations"]["salesforce"]["allCredentials"] == []


def test_metadata_is_merged_and_can_be_searched_by(cast: Cast) -> None:
    cast.sdk("PATCH", "/sdk/me", {"meta": {"Name": "Ana Duarte", "plan": "pro"}})
    answer = cast.sdk("PATCH", "/sdk/me", {"meta": {"Email": "ana@acme.example"}})

    cast.ana.refresh_from_db()
    assert answer.status_code == 204
    assert cast.ana.meta == {"Name": "Ana Duarte", "plan": "pro", "Email": "ana@acme.example"}
    assert (cast.ana.name, cast.ana.email) == ("Ana Duarte", "ana@acme.example")


def test_older_sdks_send_metadata_in_a_header_and_see_it_in_the_same_answer(cast: Cast) -> None:
    body = cast.sdk("GET", "/sdk/me", X_Paragon_User_Metadata='{"name": "Ana"}').json()

    assert body["meta"] == {"name": "Ana"}


def test_metadata_that_is_no_object_is_refused_and_nothing_changes(cast: Cast) -> None:
    answer = cast.sdk("PATCH", "/sdk/me", {"meta": ["Ana"]})

    cast.ana.refresh_from_db()
    assert answer.status_code == 400 and "meta" in answer.json()["message"]
    assert cast.ana.meta == {}


def test_metadata_of_a_megabyte_is_refused(cast: Cast) -> None:
    assert cast.sdk("PATCH", "/sdk/me", {"meta": {"note": "x" * 60_000}}).status_code == 400


def test_a_first_token_makes_the_user_known(cast: Cast) -> None:
    cast.sdk.sub = "carla"

    cast.sdk("GET", "/sdk/me")

    assert cast.project.connected_users.filter(external_id="carla").exists()
