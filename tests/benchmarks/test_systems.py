"""What the harness seeds and copies is what the product reads; the baseline does its work."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import jwt
import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from benchmarks import claiming, dropping, seeding
from benchmarks.__main__ import make_keys
from benchmarks.old_runs import _TABLES, _copied_rows, _first_ms, _statement
from benchmarks.partitions import drop_part, partition
from benchmarks.plan import Plan
from benchmarks.postgres import Postgres
from benchmarks.processes import Group
from benchmarks.systems import ByHand, OrgClient, Stage
from lib.ids import time_ordered_id
from tests.factories import make_event
from tests.support.processes import database_url
from workflows.engine import draining, leasing
from workflows.models import Event, Lane, Run, RunState

only_on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="it speaks to PostgreSQL")


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    group = Group(tmp_path / "logs")
    yield group
    group.stop_all()


@pytest.fixture
def org(group) -> OrgClient:
    return OrgClient(group)


@dataclass
class Seeded:
    """The seeded project, and an app that signs its users' tokens."""

    project_id: str
    private_key: str

    def send(self, user: str, number: int) -> Run:
        now = int(time.time())
        token = jwt.encode({"sub": user, "iat": now, "exp": now + 60}, self.private_key, algorithm="RS256")
        payload = {"first_name": "Bo", "last_name": f"Lind {number}", "email": f"{number}@b.example", "company": "Lind"}
        answer = Client().post(
            f"/projects/{self.project_id}/sdk/events/trigger",
            {"name": "Lead Created", "payload": payload},
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 201, answer.content
        return Run.objects.get(pk=answer.json()["runs"][0]["id"])


def seed(org: OrgClient, tmp_path: Path) -> Seeded:
    keys = make_keys(tmp_path)
    wanted: seeding.Wanted = {"public_key_file": str(keys.public), "users": ["ana", "raj"], "org": org.url}
    return Seeded(seeding.seed(wanted), keys.private.read_text())


def directly(**options: bool) -> psycopg.Connection:
    """Another connection to the test's PostgreSQL, as the harness has."""
    given = connection.settings_dict
    return psycopg.connect(
        host=given["HOST"],
        port=given["PORT"] or 5432,
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=given["NAME"],
        **options,
    )


def drain(lane_id: UUID) -> None:
    lease = leasing.lease_lane(lane_id)
    assert lease
    draining.drain(lease)


@pytest.mark.django_db(transaction=True)
def test_events_of_a_seeded_user_become_records_of_the_light_org_by_one_call(org, tmp_path):
    app = seed(org, tmp_path)
    runs = [app.send("ana", number) for number in range(5)]

    drain(runs[0].lane_id)

    assert {run.state for run in Run.objects.all()} == {RunState.SUCCEEDED}
    counts = org.counts()
    assert (counts["records"], counts["distinct"], counts["calls_by_kind"]) == (5, 5, {"collection": 1})


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_timed_and_leaves_lane_and_runs_as_they_were(org, tmp_path):
    run = seed(org, tmp_path).send("ana", 1)

    told = claiming.measure(3)

    assert [len(told["claims_ms"]), len(told["sweeps_ms"])] == [3, 3]
    assert min(told["claims_ms"]) > 0
    assert Lane.objects.get(pk=run.lane_id).lease_token is None
    assert Run.objects.get().state == RunState.QUEUED


@only_on_postgresql
@pytest.mark.django_db(transaction=True)
def test_old_runs_are_whole_histories_in_the_past_of_the_users_there_are(org, tmp_path):
    app = seed(org, tmp_path)
    for number, user in enumerate(("ana", "raj")):
        drain(app.send(user, number).lane_id)
    with directly() as direct:
        models, first_ms = _copied_rows(direct), _first_ms(1)
        for table in _TABLES:
            direct.execute(_statement(table, 1_000, models, first_ms), {"start": 0, "end": 999})

    old = Run.objects.filter(finished_at__lt=timezone.now() - timedelta(hours=23))

    assert models == 2
    assert old.count() == 1_000
    assert {run.state for run in old} == {RunState.SUCCEEDED}
    assert old.filter(event__received_at=old.first().event.received_at, step_runs__state="succeeded").exists()
    assert sorted(old.order_by().values_list("user__external_id", flat=True).distinct()) == ["ana", "raj"]
    assert max(old.values_list("pk", flat=True)) < min(Run.objects.exclude(pk__in=old).values_list("pk", flat=True))


@only_on_postgresql
@pytest.mark.django_db(transaction=True)
def test_partitions_have_every_row_and_reference_and_drop_one_by_one(org, tmp_path):
    app = seed(org, tmp_path)
    first = app.send("ana", 1)
    time.sleep(0.002)  # into the next millisecond
    second = app.send("raj", 2)
    for run in (first, second):
        drain(run.lane_id)
    bound = str(UUID(int=(second.event_id.int >> 80) << 80))
    with directly(autocommit=True) as direct:
        try:
            partition(direct, [bound])
            copied = [direct.execute(f"SELECT count(*) FROM parted.{table}").fetchone()[0] for table in _TABLES]
            references = direct.execute(
                "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
                " WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'parted'::regnamespace"
            ).fetchall()
            left = direct.execute("SELECT id FROM parted.workflows_event_1").fetchall()
            direct.execute("DELETE FROM workflows_steprun")  # Ana's step was made after Raj's event
            drop_part(direct, 0)
            after = direct.execute("SELECT id FROM workflows_event").fetchall()
        finally:
            direct.execute("DROP SCHEMA IF EXISTS parted CASCADE")

    assert copied == [2, 2, 2]
    assert {("workflows_run", "workflows_event"), ("workflows_steprun", "workflows_run")} <= set(references)
    assert left == after == [(second.event_id,)]


@pytest.mark.django_db
def test_dropping_says_how_many_events_it_has_dropped(org, tmp_path, capsys):
    app = seed(org, tmp_path)
    young = app.send("ana", 1)
    for _ in range(3):
        make_event(young.user, id=UUID(int=time_ordered_id().int - (91 * 86_400_000 << 80)))

    dropping.drop_all()

    said = json.loads(capsys.readouterr().out)
    assert (said["events"], said["is_all"]) == (3, True)
    assert Event.objects.get() == young.event


@only_on_postgresql
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_baseline_makes_one_record_of_each_event(org, tmp_path):
    postgres = Postgres(database_url())
    by_hand = ByHand(Stage(Plan(users=3, web_threads=4), tmp_path, org, make_keys(tmp_path), postgres))
    try:
        by_hand.start()
        org.reset()
        told = by_hand.send(users=3, count=30)
        by_hand.settle(30)
        counts = org.counts()
    finally:
        by_hand.stop()
        postgres.drop_all()

    assert (told["accepted"], told["org"]["records"], counts["distinct"]) == (30, 30, 30)
    assert counts["calls_by_kind"] == {"create": 30}
