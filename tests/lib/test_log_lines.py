"""A log line is an event and its ids, as a line or as JSON."""

import json
import logging
import sys
from uuid import UUID

import pytest

from lib.log_lines import JsonFormatter, LineFormatter

RUN = UUID("01a20a8c-0ba8-7586-abc5-9b0a0b59d68f")


def record(message="run.ended", **extra):
    made = logging.getLogger("workflows.engine").makeRecord(
        "workflows.engine", logging.INFO, __file__, 1, message, (), None, extra=extra
    )
    made.created = 1795428000.123  # 2026-11-23, 10 o'clock
    return made


def test_a_line_has_time_level_logger_event_and_ids():
    line = LineFormatter().format(record(run=RUN, state="succeeded"))

    assert line == f"2026-11-23T10:00:00.123Z INFO workflows.engine run.ended run={RUN} state=succeeded"


def test_a_providers_words_begin_no_line_of_their_own():
    line = LineFormatter().format(record(reason="no\r\n2026-11-23 INFO forged"))

    assert "\n" not in line and "\r" not in line and "forged" in line


def test_json_holds_the_same_and_no_extra_hides_what_is_ours():
    fields = json.loads(JsonFormatter().format(record(run=RUN, event="019a", level="low", count=3)))

    assert fields["message"] == "run.ended" and fields["level"] == "INFO" and fields["logger"] == "workflows.engine"
    assert (fields["run"], fields["event"], fields["level_"], fields["count"]) == (str(RUN), "019a", "low", 3)


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_an_exception_is_told(formatter):
    made = record("step.crashed")
    try:
        raise ValueError("broken")
    except ValueError:
        made.exc_info = sys.exc_info()

    text = formatter.format(made)

    assert "ValueError: broken" in text and "step.crashed" in text
    if isinstance(formatter, JsonFormatter):
        assert "\n" not in text and "Traceback" in json.loads(text)["exception"]
