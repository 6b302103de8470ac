"""The hot path's statements give what the ORM would, on either database, and survive what a connection meets."""

import psycopg
import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from integrations.models import Credential
from lib import hot_statements
from lib.hot_statements import Kind
from tests.factories import make_connected_user, make_credential, make_integration, make_project
from workflows.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def credential():
    project = make_project()
    return make_credential(make_integration(project), make_connected_user(project))


def test_columns_come_as_ids_moments_and_what_the_json_says(credential):
    user = credential.user
    event = Event.objects.create(project=user.project, user=user, name="Lead Created", payload={"n": [1, None, "ü"]})

    rows = hot_statements.run(
        "SELECT id, received_at, payload, name, NULL FROM workflows_event WHERE id = %s AND received_at <= %s",
        [event.pk, timezone.now()],
        (Kind.ID, Kind.MOMENT, Kind.JSON, Kind.PLAIN, Kind.JSON),
    )

    assert rows == [(event.pk, event.received_at, {"n": [1, None, "ü"]}, "Lead Created", None)]


def test_a_row_with_its_related_one_is_what_the_orm_gives(credential, django_assert_num_queries):
    found, beside = hot_statements.get_with(Credential, "integration", credential.pk)
    expected = Credential.objects.select_related("integration").get()

    for field in Credential._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(expected, field.attname), field.name
    with django_assert_num_queries(0):
        assert found.integration.settings == expected.integration.settings
        assert found.integration.created_at == expected.integration.created_at
    credential.delete()
    with pytest.raises(Credential.DoesNotExist):
        hot_statements.get_with(Credential, "integration", credential.pk)


def test_a_refused_statement_leaves_the_rest_of_its_transaction(credential):
    from django.db import transaction

    with transaction.atomic():
        Credential.objects.update(status_reason="kept")
        with pytest.raises(IntegrityError):
            hot_statements.run("INSERT INTO workflows_workerpulse (name, beat_at) VALUES (%s, %s)", ["w", None])
        assert hot_statements.run("SELECT status_reason FROM integrations_credential") == [("kept",)]

    assert Credential.objects.get().status_reason == "kept"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that ends connections")
def test_a_connection_that_the_server_has_ended_is_opened_anew():
    [(backend,)] = hot_statements.run("SELECT pg_backend_pid()")
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SELECT pg_terminate_backend(%s, 2000)", [backend])

    [(newer,)] = hot_statements.run("SELECT pg_backend_pid()")

    assert newer != backend


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's driver keeps its own")
def test_a_statement_is_prepared_once_a_connection():
    for number in range(3):
        hot_statements.run("SELECT %s::int AS prepared_here", [number])

    prepared = hot_statements.run("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%prepared_here'")

    assert prepared == [(1,)]
