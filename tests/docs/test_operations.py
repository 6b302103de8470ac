"""docs/operations.md and the alerts speak of what is there, in PromQL that can be read."""

import re

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from tests.docs.pages import ROOT, anchors, blocks
from workflows.metrics import backlog, counting, exposing

PAGE = ROOT / "docs" / "operations.md"
ALERTS = yaml.safe_load((ROOT / "deploy" / "prometheus-alerts.yaml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
_NAME = re.compile(r"\bisthmus_[a-z_]+")


@pytest.fixture
def told(db) -> set[str]:
    """The names of families and samples on /metrics, those without a sample yet included."""
    registry = CollectorRegistry()
    registry.register(backlog.BacklogCollector())
    text = generate_latest(registry).decode() + exposing.processes_alone().decode()
    families = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    for each in vars(counting).values():
        if isinstance(each, Counter):
            families.add(f"{each._name}_total")
        if isinstance(each, Histogram):
            families |= {each._name, *(f"{each._name}_{end}" for end in ("bucket", "count", "sum"))}
    return families


def test_every_metric_that_is_spoken_of_is_told(told):
    spoken = set(_NAME.findall(PAGE.read_text())) | {name for rule in RULES for name in _NAME.findall(rule["expr"])}

    assert len(spoken) > 20 and spoken - told == set()


def test_every_metric_that_is_told_is_explained(told):
    ends = ("_bucket", "_count", "_sum", "_created")

    assert {name for name in told if not name.endswith(ends)} - set(_NAME.findall(PAGE.read_text())) == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_is_promql_and_leads_to_what_to_do(rule):
    promql_parser.parse(rule["expr"])
    page, _, heading = rule["annotations"]["runbook"].partition("#")

    assert page == "docs/operations.md" and heading in anchors(PAGE)
    assert rule["labels"]["severity"] in ("page", "warn") and rule["annotations"]["summary"]


def test_every_query_of_the_page_is_promql():
    queries = [line for block in blocks(PAGE, "promql") for line in block.splitlines() if line]

    assert len(queries) > 4
    for query in queries:
        promql_parser.parse(query)


def test_every_line_of_the_log_that_is_spoken_of_is_written():
    table = PAGE.read_text().partition("\n## Logs\n")[2].partition("\n## ")[0]
    lines = set(re.findall(r"`([a-z]+\.[a-z_]+)`", table))
    rooms = ("config", "workflows", "projects", "integrations")
    code = "\n".join(path.read_text() for room in rooms for path in (ROOT / room).rglob("*.py"))

    assert len(lines) > 8
    assert {line for line in lines if f'"{line}"' not in code} == set()
