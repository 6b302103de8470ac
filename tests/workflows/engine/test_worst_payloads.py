"""Whatever JSON the door lets in, at a workflow with every filter: no lane stops, and no neighbour's run is touched."""

import json
import os
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.json_bounds import BadJson, read
from tests.factories import lead_definition, make_workflow, switch_on
from workflows.definition.filters import FILTERS
from workflows.models import Lane, Run, RunState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EXAMPLES = int(os.environ.get("WORST_PAYLOADS", "25"))
"""Each is a group of several events; `WORST_PAYLOADS=1000` looks longer."""
KEYS = ["text", "number", "list", "argument", "at"]
NUMBERS = (
    st.integers()
    | st.integers(min_value=2**60, max_value=2**70)
    | st.sampled_from([10**18, 10**19, 10**40, 10**99, 10**400, -(2**63), 2**64, 0, -1])
    | st.floats()
    | st.sampled_from([1e308, -1e308, 5e-324, 0.1 + 0.2])
)
TEXTS = (
    st.text()
    | st.text(alphabet="\x00\x1b\u202e\ufeff\ud800é\N{PILE OF POO}'\"\\{}|", max_size=20)
    | st.sampled_from(
        [
            "99999999999999999999",
            "1_000",
            "1e999",
            "-0",
            "٣",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-12:00",
            "2026-W53-7",
            "24:00",
            "%Y%999999Y%s",
            "{{ trigger.text }}",
            "x" * 40_000,
        ]
    )
    | st.from_regex(r"\A[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,4})?\Z")
)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from([*KEYS, "", "a b"]), inner, max_size=4),
    max_leaves=12,
)
DEPTHS = st.integers(min_value=1, max_value=100).map(lambda depth: json.loads("[" * depth + "]" * depth))
PAYLOADS = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES | DEPTHS))
TARGETS = [
    "FirstName",
    "Email",
    "Phone",
    "NumberOfEmployees",
    "AnnualRevenue",
    "DoNotCall",
    "Street",
    "Title",
    "Website",
]


def every_filter():
    """A definition of which each filter stands in some field of some step, over values of every kind."""
    steps = []
    names = sorted(FILTERS)
    for start in range(0, len(names), len(TARGETS)):
        fields = {"LastName": "{{ trigger.last_name }}", "Company": "{{ trigger.text | json }}"}
        for target, name in zip(TARGETS, names[start : start + len(TARGETS)], strict=False):
            needed = FILTERS[name].required
            arguments = ", ".join(["trigger.argument", "trigger.number", "trigger.list"][:needed])
            source = KEYS[len(fields) % 3]
            fields[target] = f"{{{{ trigger.{source} | {name}{': ' + arguments if arguments else ''} }}}}"
        steps.append(
            {
                "key": f"step_{string.ascii_lowercase[start // len(TARGETS)]}",
                "type": "salesforce.create_record",
                "name": "Create Lead",
                "inputs": {"record_type": "Lead", "fields": fields},
            }
        )
    return lead_definition(steps=steps)


def taken(payload):
    """The payload as the door reads it; None where the door refuses it."""
    try:
        return read(json.dumps(payload).encode("utf-8", "surrogatepass"))
    except BadJson:
        return None


def test_no_payload_stops_a_lane_or_touches_a_neighbour(tutorial):
    odd_workflow = make_workflow(tutorial.workflow.integration, draft=every_filter())
    switch_on(odd_workflow, tutorial.credential)
    assert {name for name in FILTERS if f"| {name}" in str(every_filter())} == set(FILTERS)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(PAYLOADS, min_size=1, max_size=6))
    def try_together(payloads):
        before = Run.objects.count()
        odd = [payload for payload in map(taken, payloads) if payload is not None]
        for payload in odd:
            tutorial.send(**payload, last_name="Odd")

        tutorial.drain()

        ended = Run.objects.order_by("pk")[before:]
        assert {run.state for run in ended if run.workflow_id == tutorial.workflow.pk} <= {RunState.SUCCEEDED}
        assert len(ended) == 2 * len(odd)
        for run in ended:
            assert run.state in (RunState.SUCCEEDED, RunState.FAILED), (run.state, run.wait_reason, run.event.payload)
            if run.state == RunState.FAILED:
                assert run.error["code"] not in ("internal_error", "input_not_storable"), (run.error, run.event.payload)
                assert run.error["message"]
        lane = Lane.objects.get()
        assert (lane.crashes, lane.lease_token, lane.paused_until, lane.set_aside) == (0, None, None, [])

    try_together()
