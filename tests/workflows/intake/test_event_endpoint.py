"""The event endpoint: receipt, idempotency, refusals; each refusal leaves nothing behind."""

import base64
import gzip
import json
import time
from datetime import timedelta

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Credential, CredentialStatus
from projects.models import Project
from projects.signing_keys import revoke_key
from projects.user_tokens import verified
from tests.factories import (
    LEAD_CREATED,
    bearer,
    lead_definition,
    make_app_event,
    make_connected_user,
    make_credential,
    make_integration,
    make_project,
    make_signing_key,
    make_workflow,
    public_pem,
    switch_on,
    user_token,
)
from tests.support.wsgi import WsgiClient
from workflows.intake import writing
from workflows.models import Event, IdempotencyKey, Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    return project


@pytest.fixture
def integration(project):
    return make_integration(project)


@pytest.fixture(params=[WsgiClient, Client], ids=["as a server asks", "by Django's addresses"])
def send(request):
    """Sends an event by each of the two ways that lead to the endpoint."""

    def send(project, token=None, *, name="Lead Created", payload=LEAD_CREATED, prefix="", raw=None, **headers):
        body = raw if raw is not None else json.dumps({"name": name, "payload": payload})
        return request.param().post(
            f"{prefix}/projects/{project.pk}/sdk/events/trigger",
            body,
            content_type="application/json",
            headers=bearer(token or user_token()) | {key.replace("_", "-"): value for key, value in headers.items()},
        )

    return send


@pytest.mark.parametrize("prefix", ["", "/v2"])
def test_an_event_starts_a_run_for_the_user_who_switched_the_workflow_on(send, project, integration, prefix):
    credential = make_credential(integration, make_connected_user(project))
    workflow = make_workflow(integration)
    switch_on(workflow, credential)

    answer = send(project, prefix=prefix)

    assert answer.status_code == 201
    receipt = answer.json()
    run = Run.objects.get()
    assert receipt["event_id"] == str(run.event_id) and receipt["skipped"] == [] and receipt["warnings"] == []
    assert [started["id"] for started in receipt["runs"]] == [str(run.pk)]
    assert receipt["runs"][0]["workflow_id"] == str(workflow.pk)
    assert (run.state, run.version_id, run.lane_id) == ("queued", workflow.live_version_id, credential.pk)
    assert run.event.payload == LEAD_CREATED and run.event.user.external_id == "user-1"


def test_a_lane_is_rung_only_after_the_commit(
    send, project, integration, monkeypatch, django_capture_on_commit_callbacks
):
    rung = []
    monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: rung.extend(lanes))
    credential = make_credential(integration, make_connected_user(project))
    switch_on(make_workflow(integration), credential)

    with django_capture_on_commit_callbacks() as callbacks:
        send(project)

    assert rung == [] and len(callbacks) == 1
    callbacks[0]()
    assert rung == [credential.pk]


def test_the_receipt_names_each_workflow_that_did_not_start_and_why(send, project, integration):
    user = make_connected_user(project)
    other = make_integration(make_project())
    make_workflow(other, name="of another project")
    make_workflow(integration, name="never deployed", deployed=False)
    make_workflow(integration, name="switched off")
    needs = lead_definition(settings=[{"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": True}])
    lacking = make_workflow(integration, name="lacks a setting", draft=needs)
    make_workflow(
        integration, name="of another event", draft=lead_definition(trigger={"type": "app_event", "app_event": "Other"})
    )
    credential = make_credential(integration, user)
    switch_on(lacking, credential)

    receipt = send(project).json()

    assert {skip["workflow"]: skip["reason"] for skip in receipt["skipped"]} == {
        "never deployed": "not_deployed",
        "switched off": "switched_off",
        "lacks a setting": "setting_missing",
    }
    assert "Region" in next(skip["message"] for skip in receipt["skipped"] if skip["reason"] == "setting_missing")
    assert receipt["runs"] == [] and Event.objects.count() == 1


def test_an_event_for_an_account_to_be_connected_again_is_kept_and_the_receipt_says_so(
    send, project, integration, monkeypatch, django_capture_on_commit_callbacks
):
    rung = []
    monkeypatch.setattr("workflows.engine.ringing.ring", rung.extend)
    user = make_connected_user(project)
    broken = make_credential(integration, user, status=CredentialStatus.INVALID)
    sound = make_credential(integration, user, external_id="sound")
    workflow = make_workflow(integration)
    switch_on(workflow, broken)
    switch_on(workflow, sound)

    with django_capture_on_commit_callbacks(execute=True):
        receipt = send(project).json()

    states = {run["credential_id"]: run["state"] for run in receipt["runs"]}
    assert states == {str(broken.pk): "parked", str(sound.pk): "queued"} and receipt["skipped"] == []
    parked = Run.objects.get(lane_id=broken.pk)
    assert (parked.state, Run.objects.get(lane_id=sound.pk).state) == ("parked", "queued")
    [said] = receipt["parked"]
    assert (said["run_id"], said["workflow"]) == (str(parked.pk), workflow.name)
    assert said["reason"] == "credential_invalid" and "7 days" in said["message"]
    assert rung == [sound.pk]


def test_an_event_is_not_kept_where_the_workflow_would_not_start_anyway(send, project, integration):
    credential = make_credential(integration, make_connected_user(project), status=CredentialStatus.INVALID)
    make_workflow(integration, name="switched off")
    needs = lead_definition(settings=[{"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": True}])
    switch_on(make_workflow(integration, name="lacks a setting", draft=needs), credential)

    receipt = send(project).json()

    reasons = {skip["workflow"]: skip["reason"] for skip in receipt["skipped"]}
    assert reasons == {"switched off": "switched_off", "lacks a setting": "setting_missing"}
    assert receipt["runs"] == receipt["parked"] == [] and not Run.objects.exists()


def test_a_project_may_keep_no_events_for_broken_accounts(send, project, integration):
    Project.objects.update(parked_days=0)
    credential = make_credential(integration, make_connected_user(project), status=CredentialStatus.INVALID)
    switch_on(make_workflow(integration), credential)

    receipt = send(project).json()

    assert [skip["reason"] for skip in receipt["skipped"]] == ["credential_invalid"] and receipt["parked"] == []


def test_an_event_goes_on_when_its_account_was_connected_again_while_it_came_in(
    send, project, integration, monkeypatch
):
    monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: None)
    credential = make_credential(integration, make_connected_user(project), status=CredentialStatus.INVALID)
    switch_on(make_workflow(integration), credential)
    write = writing.write

    def connect_again_then_write(group):
        Credential.objects.update(status=CredentialStatus.VALID)
        return write(group)

    monkeypatch.setattr(writing, "write", connect_again_then_write)

    send(project)

    assert Run.objects.get().state == "queued"


@pytest.mark.parametrize(
    ("status", "is_removed", "reason"),
    [
        (CredentialStatus.PENDING, False, "credential_invalid"),
        (CredentialStatus.VALID, True, "not_connected"),
        (CredentialStatus.INVALID, True, "not_connected"),
    ],
)
def test_an_account_that_can_not_be_used_starts_nothing(send, project, integration, status, is_removed, reason):
    removed_at = timezone.now() if is_removed else None
    credential = make_credential(integration, make_connected_user(project), status=status, removed_at=removed_at)
    switch_on(make_workflow(integration), credential)

    assert [skip["reason"] for skip in send(project).json()["skipped"]] == [reason]


def test_an_inactive_integration_starts_nothing(send, project):
    integration = make_integration(project, is_active=False)
    credential = make_credential(integration, make_connected_user(project))
    switch_on(make_workflow(integration), credential)

    assert [skip["reason"] for skip in send(project).json()["skipped"]] == ["integration_inactive"]


def test_the_app_may_name_one_of_the_users_accounts(send, project, integration):
    user = make_connected_user(project)
    first, second = make_credential(integration, user), make_credential(integration, user, external_id="second")
    workflow = make_workflow(integration)
    switch_on(workflow, first)
    switch_on(workflow, second)

    both = send(project).json()["runs"]
    by_id = send(project, X_Paragon_Credential=str(first.pk)).json()["runs"]
    by_external_id = send(project, X_Paragon_Credential="ext:second").json()["runs"]

    assert {run["credential_id"] for run in both} == {str(first.pk), str(second.pk)}
    assert [run["credential_id"] for run in by_id] == [str(first.pk)]
    assert [run["credential_id"] for run in by_external_id] == [str(second.pk)]


def test_an_unknown_event_is_answered_with_the_known_ones(send, project):
    answer = send(project, name="Lead Craeted")

    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_app_event" and answer.json()["meta"]["known"] == ["Lead Created"]
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("known", "sent", "says"),
    [
        ("Lead Created", "Lead\N{NO-BREAK SPACE}Created", "by a no-break space in place of a space"),
        ("Deal\N{NO-BREAK SPACE}Won", "Deal Won", "by a no-break space in place of a space"),
        ("Lead Created", "Lead  Created", "by the number of spaces"),
        ("Lead Created", "Lead\tCreated", "in place of a space"),
        ("Lead Created", "lead created", "by capitals"),
        ("Lead Created", "Lead\N{ZERO WIDTH SPACE} Created", "by an invisible character (U+200B)"),
        ("Lead Created", "\N{ZERO WIDTH NO-BREAK SPACE}Lead Created", "by an invisible character (U+FEFF)"),
        (
            "Affaire créée",
            "Affaire cre\N{COMBINING ACUTE ACCENT}e\N{COMBINING ACUTE ACCENT}e",
            "by its Unicode normal form",
        ),
        ("Straße", "STRASSE", "by capitals"),
        ("Lead 2", "Ｌｅａｄ ２", "look alike"),
        ("Lead Created", "LEAD\N{NO-BREAK SPACE}created", "several of spaces, capitals"),
    ],
)
def test_a_name_that_looks_like_a_known_one_is_said_to_be_near_and_how_it_differs(send, project, known, sent, says):
    make_app_event(project, name="Other")
    make_app_event(project, name=known) if known != "Lead Created" else None

    answer = send(project, name=sent)

    assert answer.status_code == 404 and answer.json()["code"] == "unknown_app_event"
    assert answer.json()["meta"]["near"] == known
    assert f"“{known}” is near: it differs" in answer.json()["message"] and says in answer.json()["message"]


def test_a_name_is_near_to_none_that_differs_to_see(send, project):
    answer = send(project, name="Lead Crated")

    assert "near" not in answer.json()["meta"] and "“Lead Created”" in answer.json()["message"]


def test_spaces_around_a_name_do_not_count_and_an_overlong_one_is_refused(send, project):
    assert send(project, name="\N{NO-BREAK SPACE} Lead Created\n").status_code == 201

    answer = send(project, name="x" * 900_000)

    assert answer.status_code == 400 and "at most 120 characters" in answer.json()["message"]


def test_a_header_that_names_no_account_is_blamed_and_not_the_user(send, project, integration):
    workflow = make_workflow(integration)
    credential = make_credential(integration, make_connected_user(project), external_id="acme-1")
    switch_on(workflow, credential)

    for headers, says in (
        ({"X_Paragon_Credential": "acme-2"}, "X-Paragon-Credential names none of the accounts: “acme-2”"),
        ({"X_Paragon_Credential": "ext:" + "x" * 5000}, "X-Paragon-Credential names none"),
        (
            {"X_Paragon_Configuration_Id": "other"},
            "X-Paragon-Configuration-Id names no configuration of it: “other”",
        ),
        ({"X_Paragon_Credential": "acme-1", "X_Paragon_Configuration_Id": "other"}, "X-Paragon-Configuration-Id"),
    ):
        answer = send(project, **headers)

        [skipped] = answer.json()["skipped"]
        assert answer.status_code == 201 and answer.json()["runs"] == []
        assert skipped["reason"] == "no_such_account" and says in skipped["message"]
        assert len(skipped["message"]) < 400
    assert len(send(project, X_Paragon_Credential=str(credential.pk).upper()).json()["runs"]) == 1


def test_a_user_who_has_connected_nothing_is_told_so_whatever_account_is_named(send, project, integration):
    make_workflow(integration)

    [skipped] = send(project, X_Paragon_Credential="acme-1").json()["skipped"]

    assert skipped["reason"] == "not_connected"


def test_the_same_key_and_body_start_nothing_twice_and_get_the_same_answer(send, project, integration):
    switch_on(make_workflow(integration), make_credential(integration, make_connected_user(project)))

    first = send(project, Idempotency_Key="k1")
    second = send(project, Idempotency_Key="k1")

    assert second.status_code == first.status_code == 201 and second.json() == first.json()
    assert second.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    assert Run.objects.count() == Event.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(send, project):
    send(project, Idempotency_Key="k1")

    answer = send(project, payload={"email": "other@example.com"}, Idempotency_Key="k1")

    assert answer.status_code == 409 and answer.json()["code"] == "idempotency_conflict"
    assert Event.objects.count() == 1


def test_two_users_may_use_the_same_key(send, project):
    assert (
        send(project, Idempotency_Key="k").json()["event_id"]
        != send(project, user_token("user-2"), Idempotency_Key="k").json()["event_id"]
    )


def test_a_key_is_forgotten_after_a_day(send, project):
    first = send(project, Idempotency_Key="k").json()
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert send(project, Idempotency_Key="k").json()["event_id"] != first["event_id"]


def test_an_overlong_key_is_refused(send, project):
    assert send(project, Idempotency_Key="k" * 255).status_code == 201
    assert send(project, Idempotency_Key="k" * 256).json()["code"] == "bad_event"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ('{"name": "Lead Created", ', "line 1"),
        ("[]", "JSON object"),
        ('"text"', "JSON object"),
        ("", "not JSON"),
        ('{"payload": {}}', "Name the App Event"),
        ('{"name": 7, "payload": {}}', "Name the App Event"),
        ('{"name": "Lead Created", "payload": [1]}', "JSON object"),
        ('{"name": "Lead Created", "payload": {"a": "\\u0000"}}', "`payload.a` holds a NUL"),
        ('{"name": "Lead Created", "payload": {"a": NaN}}', "`payload.a` is NaN"),
        ('{"name": "Lead Created", "payload": {"a": 1e400}}', "`payload.a` is a number too large"),
        ('{"name": "Lead Created", "payload": {"id": 12345678901234567890123}}', "as text, in quotes"),
        ('{"name": "Lead Created", "payload": {"a": ' + "[" * 99 + "]" * 99 + "}}", "100 levels"),
        ('{"name": "Lead Created", "payload": {"a": ' + "[" * 300 + "]" * 300 + "}}", "100 levels"),
        ('{"name": "Lead Created", "payload": {"a": ' + "[" * 9000 + "]" * 9000 + "}}", "100 levels"),
        ('{"name": "Lead Created", "payload": {"a": ' + "[" * 600 + '"\\u0000"' + "]" * 600 + "}}", "100 levels"),
    ],
)
def test_a_body_that_is_no_event_is_refused_in_words(send, project, raw, says):
    answer = send(project, raw=raw)

    assert answer.status_code == 400 and answer.json()["code"] == "bad_event"
    assert says in answer.json()["message"] and answer.json()["error"]["message"] == answer.json()["message"]
    assert Event.objects.count() == 0


def test_an_event_may_come_packed_with_gzip_and_in_no_other_way(send, project):
    event = {"name": "Lead Created", "payload": {"a": "é"}}
    packed, bomb = gzip.compress(json.dumps(event).encode()), gzip.compress(b" " * 1_000_001)

    assert send(project, raw=packed, Content_Encoding="gzip").status_code == 201
    assert Event.objects.get().payload == {"a": "é"}
    for raw, encoding, status, code in (
        (bomb, "gzip", 413, "event_too_large"),
        (packed[:-1], "gzip", 400, "bad_event"),
        (packed, "", 400, "bad_event"),
        (packed, "br", 415, "unsupported_encoding"),
    ):
        answer = send(project, raw=raw, Content_Encoding=encoding)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Event.objects.count() == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_the_encoding_of_a_body_that_is_not_utf_8_is_named(send, project, encoding):
    answer = send(project, raw=json.dumps({"name": "é"}, ensure_ascii=False).encode(encoding))

    assert answer.json()["code"] == "bad_event" and encoding in answer.json()["message"].lower()


def test_an_event_of_more_than_a_megabyte_is_refused(send, project):
    fits = json.dumps({"name": "Lead Created", "payload": {"a": "x" * 999_900}})
    assert send(project, raw=fits).status_code == 201

    answer = send(project, raw=fits.replace("x", "xx", 1).replace("xx", "x" * 200, 1))

    assert answer.status_code == 413 and answer.json()["code"] == "event_too_large"


def test_a_project_may_be_warned_of_another_shape_or_reject_it(send, project):
    payload = {"first_name": 1, "last_name": "Lind", "company": "x"}
    assert send(project, payload=payload).json()["warnings"] == []

    project.payload_policy = "warn"
    project.save()
    assert sorted(send(project, payload=payload).json()["warnings"]) == [
        "`payload.email` is missing.",
        "`payload.first_name` is a number; the example has a text.",
    ]

    project.payload_policy = "reject"
    project.save()
    before = Event.objects.count()
    answer = send(project, payload=payload)
    assert answer.status_code == 422 and answer.json()["code"] == "payload_rejected" and Event.objects.count() == before


def _unsigned(claims, alg):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims)}."


def _hs256_with_the_public_key(claims):
    header, body = _unsigned(claims, "HS256").rstrip(".").split(".")
    signed = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{header}.{body}".encode(), public_pem().encode()
    )
    return f"{header}.{body}." + base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def _claims():
    return {"sub": "user-1", "iat": int(time.time()), "exp": int(time.time()) + 600}


@pytest.mark.parametrize(
    ("make_token", "code"),
    [
        (lambda: "not.a.jwt", "token_malformed"),
        (lambda: "", "token_missing"),
        (lambda: _unsigned(_claims(), "none"), "token_algorithm"),
        (lambda: _hs256_with_the_public_key(_claims()), "token_algorithm"),
        (lambda: user_token(number=1), "token_signature"),
        (lambda: user_token(exp=int(time.time()) - 61), "token_expired"),
        (lambda: user_token(exp=None), "token_claims"),
        (lambda: user_token(iat=None), "token_claims"),
        (lambda: user_token(sub=None), "token_claims"),
        (lambda: user_token(sub=" "), "token_claims"),
        (lambda: user_token(aud="somebody-else"), "token_audience"),
        (lambda: user_token(iat=int(time.time()) + 120), "token_not_yet_valid"),
    ],
)
def test_a_token_that_proves_nothing_is_refused(project, make_token, code):
    answer = Client().post(
        f"/projects/{project.pk}/sdk/events/trigger",
        json.dumps({"name": "Lead Created", "payload": {}}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {make_token()}"},
    )

    assert answer.status_code == 401 and answer.json()["code"] == code and answer.json()["message"]
    assert Event.objects.count() == 0


def test_a_token_of_another_project_is_refused(send, project):
    make_signing_key(make_project(name="Globex"), number=1)

    assert send(project, user_token(number=1)).json()["code"] == "token_signature"
    assert send(make_project(name="No keys"), user_token(number=1)).json()["code"] == "no_signing_key"


def test_a_revoked_key_is_refused_when_its_cached_tokens_have_ended(send, project):
    key = make_signing_key(project, number=1)
    token = user_token(number=1)
    assert send(project, token).status_code == 201

    revoke_key(key)
    verified.clear()

    assert send(project, token).json()["code"] == "token_signature"


def test_a_cookie_is_no_token(project, client):
    answer = client.post(f"/projects/{project.pk}/sdk/events/trigger", "{}", content_type="application/json")

    assert answer.status_code == 401 and answer.json()["code"] == "token_missing"
