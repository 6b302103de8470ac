"""What one run raises, wherever it does, stays that run's: the others of its group, batch and lane go on."""

import dataclasses
import signal
from collections import Counter
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.utils import timezone

from integrations.providers.base import ErrorClass, Outcome, OutcomeKind
from integrations.providers.salesforce.actions.create_record import CreateRecord
from tests.factories import lead_definition, make_workflow, switch_on
from tests.support.processes import run_module
from tests.support.tutorial import connect
from workflows.engine import batching, crews, culprits, draining, group_calls, leasing, rendering, results
from workflows.engine.batching import Turn
from workflows.engine.hold import Hold
from workflows.engine.slices import Slice
from workflows.models import Lane, Run, RunState, Slot, StepState, WorkflowVersion

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ["A", "B", "Poison", "C", "D"]
TOO_LARGE = 2**70


def is_poison(inputs):
    return inputs["fields"]["LastName"] == "Poison"


class Broken(Exception):
    """What nobody foresaw."""


def send_all(tutorial, names=NAMES):
    return {name: tutorial.send(last_name=name) for name in names}


def state_of(run):
    return Run.objects.get(pk=run.pk).state


def break_render(monkeypatch):
    render = Turn.render

    def broken(turn):
        rendered = render(turn)
        if is_poison(rendered.inputs):
            raise Broken
        return rendered

    monkeypatch.setattr(Turn, "render", broken)


def break_key(method):
    def arm(monkeypatch):
        right = getattr(CreateRecord, method)

        def broken(action, inputs):
            if is_poison(inputs):
                raise Broken
            return right(action, inputs)

        monkeypatch.setattr(CreateRecord, method, broken)

    return arm


def break_storing_of_the_beginning(monkeypatch):
    render = Turn.render

    def unstorable(turn):
        rendered = render(turn)
        if is_poison(rendered.inputs):
            turn.rendered = dataclasses.replace(rendered, inputs=rendered.inputs | {"number": TOO_LARGE})
        return turn.rendered

    monkeypatch.setattr(Turn, "render", unstorable)


def break_before_sending(monkeypatch):
    run = CreateRecord.run

    def broken(action, calls, connection, *, now):
        if any(is_poison(call.inputs) for call in calls):
            raise Broken
        return run(action, calls, connection, now=now)

    monkeypatch.setattr(CreateRecord, "run", broken)


@pytest.mark.parametrize(
    ("arm", "code"),
    [
        (break_render, "internal_error"),
        (break_key("group_key"), "internal_error"),
        (break_key("record_key"), "internal_error"),
        (break_storing_of_the_beginning, "input_not_storable"),
        (break_before_sending, "internal_error"),
    ],
    ids=["render", "group_key", "record_key", "store the beginning", "before sending"],
)
def test_what_a_run_raises_before_anything_is_sent_fails_that_run_alone_in_words(tutorial, monkeypatch, arm, code):
    arm(monkeypatch)
    runs = send_all(tutorial)

    tutorial.drain()

    poison = Run.objects.get(pk=runs["Poison"].pk)
    assert {name: state_of(run) for name, run in runs.items() if name != "Poison"} == dict.fromkeys(
        ["A", "B", "C", "D"], RunState.SUCCEEDED
    )
    assert poison.state == RunState.FAILED and poison.error["code"] == code
    assert "othing was sent" in poison.error["message"] and poison.error["advice"]
    assert poison.step_runs.get().state == StepState.FAILED
    assert sorted(lead["LastName"] for lead in tutorial.leads()) == ["A", "B", "C", "D"]
    assert Lane.objects.get().leased_until is None


def test_the_place_of_a_value_that_can_not_be_kept_is_named_and_the_value_is_shown(tutorial, monkeypatch):
    break_storing_of_the_beginning(monkeypatch)
    run = tutorial.send(last_name="Poison")

    tutorial.drain()

    run.refresh_from_db()
    assert run.error["message"].startswith("number holds an integer past 64 bits")
    assert run.step_runs.get().input["number"] == str(TOO_LARGE)


@pytest.mark.parametrize("output", [{"id": "x", "number": TOO_LARGE}, {"id": "x", "nan": {1, 2}}])
def test_an_answer_that_can_not_be_kept_is_kept_as_text_and_its_run_goes_on(tutorial, monkeypatch, output):
    run_all = CreateRecord.run

    def answered(action, calls, connection, *, now):
        found = run_all(action, calls, connection, now=now)
        return [
            dataclasses.replace(outcome, output=output) if is_poison(call.inputs) else outcome
            for call, outcome in zip(calls, found, strict=True)
        ]

    monkeypatch.setattr(CreateRecord, "run", answered)
    runs = send_all(tutorial)

    tutorial.drain()

    step = runs["Poison"].step_runs.get()
    assert {state_of(run) for run in runs.values()} == {RunState.SUCCEEDED} and len(tutorial.leads()) == 5
    assert step.output["id"] == "x" and isinstance(next(v for k, v in step.output.items() if k != "id"), str)
    assert "can not be kept" in step.notes[-1]["text"]


BUSY = {"class": ErrorClass.TRANSIENT.value, "code": "BUSY", "message": "busy"}


@pytest.mark.parametrize(
    "odd",
    [
        {"error": BUSY | {"class": "nonsense"}},
        {"error": ["not", "an", "object"]},
        {"error": BUSY | {"message": object()}},
        {"error": BUSY, "note": 5},
        {"error": BUSY, "api_calls": "many"},
        {"error": BUSY, "retry_after": float("inf")},
        {"error": BUSY, "retry_after": float("nan")},
    ],
)
def test_an_outcome_that_nobody_can_read_harms_no_neighbour(tutorial, monkeypatch, odd):
    run_all = CreateRecord.run
    odd = Outcome(OutcomeKind.FAILED, **odd)

    def answered(action, calls, connection, *, now):
        others = [call for call in calls if not is_poison(call.inputs)]
        found = iter(run_all(action, others, connection, now=now))
        return [odd if is_poison(call.inputs) else next(found) for call in calls]

    monkeypatch.setattr(CreateRecord, "run", answered)
    runs = send_all(tutorial)

    tutorial.drain()

    assert [state_of(runs[name]) for name in "ABCD"] == [RunState.SUCCEEDED] * 4
    assert state_of(runs["Poison"]) in (RunState.WAITING, RunState.FAILED, RunState.ASKING)


def test_too_few_answers_are_not_taken_for_those_of_others(tutorial, monkeypatch):
    run_all = CreateRecord.run
    monkeypatch.setattr(
        CreateRecord, "run", lambda action, calls, connection, *, now: run_all(action, calls, connection, now=now)[1:]
    )
    runs = send_all(tutorial)

    tutorial.drain()

    assert {state_of(run) for run in runs.values()} == {RunState.WAITING}
    monkeypatch.undo()
    tutorial.drain(later=timedelta(hours=1))
    assert {state_of(run) for run in runs.values()} == {RunState.SUCCEEDED} and len(tutorial.leads()) == 5


def test_a_run_that_raises_after_its_call_went_out_is_called_alone_next_and_then_asks(tutorial, monkeypatch):
    run_all = CreateRecord.run
    groups = []

    def broken(action, calls, connection, *, now):
        groups.append(len(calls))
        outcomes = run_all(action, calls, connection, now=now)
        if any(is_poison(call.inputs) for call in calls):
            connection.request("PATCH", "sobjects/Lead/00Q000000000000AAA", json={})
            raise Broken
        return outcomes

    monkeypatch.setattr(CreateRecord, "run", broken)
    runs = send_all(tutorial)

    tutorial.drain()
    first = [state_of(run) for run in runs.values()]
    tutorial.drain(later=timedelta(hours=1))

    assert first == [RunState.WAITING] * 5, "it may have happened for each of the group"
    assert groups == [5, 1, 1, 1, 1, 1]
    assert [state_of(runs[name]) for name in "ABCD"] == [RunState.SUCCEEDED] * 4
    assert state_of(runs["Poison"]) == RunState.ASKING
    assert sorted(lead["LastName"] for lead in tutorial.leads()) == sorted(NAMES), "each once"


def test_a_version_that_can_not_be_read_fails_its_own_runs(tutorial):
    other = make_workflow(tutorial.workflow.integration)
    switch_on(other, tutorial.credential)
    send_all(tutorial, ["A", "B"])
    WorkflowVersion.objects.filter(pk=other.live_version_id).update(definition={"steps": "none"})
    rendering.forget_prepared()

    tutorial.drain()

    states = dict.fromkeys([str(tutorial.workflow.pk), str(other.pk)], "")
    for run in Run.objects.all():
        states[str(run.workflow_id)] += run.state[0]
    assert states == {str(tutorial.workflow.pk): "ss", str(other.pk): "ff"}
    assert Run.objects.filter(workflow=other).first().error["message"]


def test_a_run_whose_call_is_open_asks_when_its_version_can_not_be_read_any_more(tutorial):
    tutorial.org.faults("cut_after_commit", count=1)
    run = tutorial.send()
    tutorial.drain()
    WorkflowVersion.objects.update(definition={"steps": "none"})
    rendering.forget_prepared()

    tutorial.drain(later=timedelta(hours=1))

    run.refresh_from_db()
    assert run.state == RunState.ASKING and run.step_runs.get().state == StepState.ASKING


def test_a_version_that_a_newer_isthmus_refuses_fails_its_runs_in_its_words(tutorial):
    version = tutorial.workflow.live_version
    version.definition["steps"][0]["inputs"]["fields"]["Phone"] = 12345678901234567890
    version.save()
    rendering.forget_prepared()
    run = tutorial.send()

    tutorial.drain()

    run.refresh_from_db()
    assert run.state == RunState.FAILED and "in quotes" in run.error["message"]


def test_what_is_raised_between_the_steps_halves_the_batch_until_the_culprit_is_alone(tutorial, monkeypatch):
    right, sizes = draining._next_step_group, []

    def broken(turns):
        sizes.append(len(turns))
        if any(turn.run.payload["last_name"] == "Poison" for turn in turns):
            raise Broken
        return right(turns)

    monkeypatch.setattr(draining, "_next_step_group", broken)
    names = [f"Lind {number}" for number in range(20)]
    names[13] = "Poison"
    runs = send_all(tutorial, names)

    tutorial.drain()

    poison = Run.objects.get(pk=runs["Poison"].pk)
    assert {state_of(run) for name, run in runs.items() if name != "Poison"} == {RunState.SUCCEEDED}
    assert poison.state == RunState.FAILED and "set aside" in poison.error["message"]
    assert sizes[0] == 20 and 1 in sizes and len(tutorial.leads()) == 19


def test_a_crash_while_a_slot_is_held_leaves_the_slot_to_the_lanes_next_call(tutorial, monkeypatch):
    version = tutorial.workflow.live_version
    version.definition = lead_definition(concurrency=1)
    version.save()
    rendering.forget_prepared()
    right = group_calls.results.finish

    def broken(hold, results, *, is_last):
        if any(turn.run.payload["last_name"] == "Poison" for turn, _ in results):
            raise Broken
        return right(hold, results, is_last=is_last)

    monkeypatch.setattr(group_calls.results, "finish", broken)
    runs = send_all(tutorial)

    tutorial.drain()

    assert {state_of(run) for name, run in runs.items() if name != "Poison"} == {RunState.SUCCEEDED}
    assert state_of(runs["Poison"]) == RunState.ASKING, "its call was made, and its result could not be written"
    assert not Slot.objects.filter(lane__isnull=False).exists()


def test_a_run_that_can_not_even_be_read_is_set_aside(tutorial, monkeypatch):
    runs = send_all(tutorial)
    right = batching.due_runs
    monkeypatch.setattr(batching, "due_runs", lambda *args, **options: _without_poison(right(*args, **options)))
    alone = batching.run_in_hand
    monkeypatch.setattr(batching, "run_in_hand", lambda run_id: _without_poison([alone(run_id)])[0])

    tutorial.drain()

    assert [state_of(runs[name]) for name in "ABCD"] == [RunState.SUCCEEDED] * 4
    assert state_of(runs["Poison"]) == RunState.FAILED


def _without_poison(runs):
    if any(run.payload["last_name"] == "Poison" for run in runs):
        raise Broken
    return runs


def test_a_fault_that_is_no_runs_gives_the_lane_back_at_once_and_is_counted(tutorial, monkeypatch):
    monkeypatch.setattr(draining.pausing, "budget_reason", lambda *args, **options: 1 / 0)  # what no run brought
    run = tutorial.send()

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            crews._take_turn(tutorial.credential.pk, Slice())

    lane = Lane.objects.get()
    assert (lane.lease_token, lane.leased_until, lane.crashes) == (None, None, 2)
    assert state_of(run) == RunState.QUEUED
    monkeypatch.undo()
    crews._take_turn(tutorial.credential.pk, Slice())
    assert state_of(run) == RunState.SUCCEEDED and Lane.objects.get().crashes == 0


@pytest.mark.timeout(600)  # up to twelve processes are started, one after the other
@pytest.mark.parametrize(("place", "deaths_until_the_others_are_done"), [("render", 3), ("call", 4)])
def test_a_run_that_kills_its_workers_is_set_aside_and_the_others_go_on(
    tutorial, place, deaths_until_the_others_are_done
):
    runs = send_all(tutorial)
    deaths, rounds = 0, 0

    while Run.objects.open().exists() and rounds < 12:
        rounds += 1
        worker = run_module(
            "tests.support.dying_worker",
            str(tutorial.credential.pk),
            place,
            SALESFORCE_LOGIN_URL=tutorial.org.url,
            SALESFORCE_SETTLE_SECONDS="0",
        )
        deaths += worker.returncode == -signal.SIGKILL
        if deaths == deaths_until_the_others_are_done:
            healthy_by_then = [state_of(runs[name]) for name in "ABCD"]
        Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        Run.objects.filter(state=RunState.WAITING).update(wake_at=timezone.now())

    poison = Run.objects.get(pk=runs["Poison"].pk)
    assert {state_of(run) for name, run in runs.items() if name != "Poison"} == {RunState.SUCCEEDED}
    assert healthy_by_then == [RunState.SUCCEEDED] * 4
    assert poison.state == (RunState.FAILED if place == "render" else RunState.ASKING)
    assert "5 workers in turn ended" in poison.error["message"]
    assert sorted(lead["LastName"] for lead in tutorial.leads()) == ["A", "B", "C", "D"]
    assert Lane.objects.get().set_aside == []


def die_at(lane_id, run):
    """What a worker leaves behind that is killed while it is at `run`."""
    died = leasing.lease_lane(lane_id)
    culprits.judge_suspect(Hold(died, set_aside=Counter(died.set_aside)))
    leasing.note_suspect(died, run.pk)
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("deaths", [1, 2, 4])
def test_a_healthy_run_under_which_workers_were_killed_is_done_last_and_succeeds(tutorial, deaths):
    runs = send_all(tutorial, ["A", "B", "C"])
    lane_id = tutorial.credential.pk
    for _ in range(deaths):
        die_at(lane_id, runs["A"])

    tutorial.drain()

    assert {state_of(run) for run in runs.values()} == {RunState.SUCCEEDED}
    assert [lead["LastName"] for lead in tutorial.leads()] == ["B", "C", "A"]
    lane = Lane.objects.get()
    assert (lane.crashes, lane.suspect, lane.set_aside) == (0, None, [])


class Died(BaseException):
    """The process ends here."""


def test_a_run_that_can_not_be_filled_in_fails_in_words_though_a_worker_died_before_it_wrote_so(tutorial, monkeypatch):
    version = tutorial.workflow.live_version
    version.definition["steps"][0]["inputs"]["fields"]["NumberOfEmployees"] = "{{ trigger.last_name | times: 2 }}"
    version.save()
    rendering.forget_prepared()
    run = tutorial.send(last_name="Twelve")
    with monkeypatch.context() as dying:
        dying.setattr(results, "finish", Mock(side_effect=Died))
        with pytest.raises(Died):
            tutorial.drain()
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    tutorial.drain()

    run.refresh_from_db()
    assert (run.state, run.error["code"]) == (RunState.FAILED, "empty_input")
    assert tutorial.org.calls()["resources"].get("query", 0) == 0, "there is no call to look for"


def test_runs_with_the_order_key_of_one_that_was_set_aside_wait_for_it(tutorial):
    version = tutorial.workflow.live_version
    version.definition = lead_definition(order_by="{{ trigger.company }}")
    version.save()
    rendering.forget_prepared()
    runs = [tutorial.send(last_name=name, company=company) for name, company in (("A", "X"), ("B", "X"), ("C", "Y"))]
    died = leasing.lease_lane(tutorial.credential.pk)
    leasing.note_suspect(died, runs[0].pk)
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    tutorial.drain()

    assert [lead["LastName"] for lead in tutorial.leads()] == ["C", "A", "B"]
    assert {state_of(run) for run in runs} == {RunState.SUCCEEDED}


def test_after_a_crash_a_lease_is_short_so_that_the_next_one_costs_less(tutorial, settings):
    lane_id = tutorial.credential.pk
    first = leasing.lease_lane(lane_id)
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    second = leasing.lease_lane(lane_id)

    assert (first.crashes, second.crashes) == (0, 1)
    assert leasing.seconds_of(first) == settings.LANE_LEASE_SECONDS
    assert leasing.seconds_of(second) <= settings.LANE_LEASE_SECONDS / 3


def test_one_accounts_poison_does_not_touch_another_accounts_lane(tutorial, org, monkeypatch):
    other = connect(org, project=tutorial.project, user_id="user-2")
    break_before_sending(monkeypatch)
    poison, healthy = tutorial.send(last_name="Poison"), other.send(last_name="A")

    tutorial.drain()
    other.drain()

    assert (state_of(poison), state_of(healthy)) == (RunState.FAILED, RunState.SUCCEEDED)


def test_replaying_what_was_set_aside_after_the_cause_is_mended_succeeds(tutorial, monkeypatch):
    from workflows.history.replaying import replay

    break_before_sending(monkeypatch)
    run = tutorial.send(last_name="Poison")
    tutorial.drain()
    monkeypatch.undo()

    again = replay(Run.objects.get(pk=run.pk), from_start=False, on_newest=False, by=None)
    tutorial.drain()

    assert state_of(again) == RunState.SUCCEEDED
