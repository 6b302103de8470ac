"""What a replay would begin with: its first step's inputs as they would be rendered now, without calling anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lib import log_lines
from lib.encryption import DecryptionFailed
from workflows.engine.batching import Turn, settings_of
from workflows.engine.rows import run_in_hand
from workflows.history import replaying
from workflows.history.replaying import Course, NotReplayable
from workflows.models import Run

_SEALED = (
    "A password that the user has entered can not be opened: its key is not among ENCRYPTION_KEYS. Put the key back, or have "
    "the user enter the password anew."
)


@dataclass(frozen=True)
class Preview:
    """One step's inputs, secrets masked; `problem` in words when the step would fail before any call."""

    step_name: str
    inputs: Any
    warnings: list[dict[str, str]]
    problem: str


@dataclass(frozen=True)
class Foreseen:
    """What a replay of `run` would send first; or, in words, why it can not be replayed like that."""

    run: Run
    preview: Preview | None = None
    """None: no step is left to be done."""
    not_repeated: Sequence[str] = ()
    """Names of the steps that succeeded before and are not done again."""
    repeated: Sequence[str] = ()
    """Names of the steps that succeeded before and are done again all the same."""
    refusal: str = ""


@log_lines.hiding()
def foresee(run: Run, *, from_start: bool, on_newest: bool, payload: Mapping[str, Any] | None = None) -> Foreseen:
    """What `replaying.replay` would do with the same arguments. Writes nothing."""
    try:
        course = replaying.course_of(run, from_start=from_start, on_newest=on_newest)
        preview = _preview(run, course, replaying.input_of(run, payload))
    except NotReplayable as refusal:
        return Foreseen(run, refusal=refusal.message)
    except DecryptionFailed:
        return Foreseen(run, refusal=_SEALED)
    names = {step["key"]: step.get("name") or step["key"] for step in course.version.definition.get("steps") or []}
    taken_over = [names[step_run.step_key] for step_run in course.taken_over]
    done = replaying.succeeded_steps(run) if from_start else []
    return Foreseen(
        run,
        preview=preview,
        not_repeated=taken_over,
        repeated=[names[step_run.step_key] for step_run in done if step_run.step_key in names],
    )


def _preview(run: Run, course: Course, payload: Mapping[str, Any] | None) -> Preview | None:
    row = replace(
        run_in_hand(run.pk),
        version_id=course.version.pk,
        configuration_id=course.configuration.pk,
        position=len(course.taken_over),
        input=payload,
    )
    outputs = {step_run.step_key: step_run.output for step_run in course.taken_over}
    turn = Turn(row, outputs, settings_of([row])[row.configuration_id, row.version_id])
    if turn.is_at_end:
        return None
    rendered = turn.render()
    problem = turn.mask.text(rendered.problem)
    return Preview(turn.step.name or turn.step.key, turn.kept_inputs, turn.kept_warnings, problem)
