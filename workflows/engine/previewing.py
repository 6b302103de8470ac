"""What a run's next call would say: its step's inputs as they would be rendered now, without calling anybody."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from workflows.engine import rendering
from workflows.engine.batching import Turn, settings_of
from workflows.engine.rows import run_in_hand


@dataclass(frozen=True)
class Preview:
    """One step's inputs, secrets masked; `problem` in words when the step would fail before any call."""

    step_name: str
    inputs: Any
    warnings: list[dict[str, str]]
    problem: str


def preview(
    run_id: UUID, *, version_id: int, configuration_id: UUID, position: int, outputs: Mapping[str, Any]
) -> Preview | None:
    """The step at `position` for this run's event on another version or configuration; None when there is no such step."""
    row = replace(run_in_hand(run_id), version_id=version_id, configuration_id=configuration_id, position=position)
    turn = Turn(row, dict(outputs), settings_of([row])[configuration_id, row.workflow_id])
    if turn.is_at_end:
        return None
    rendered = turn.render()
    inputs = rendering.masked(rendered.inputs, turn.secrets)
    return Preview(turn.step.name or turn.step.key, inputs, rendered.warnings, rendered.problem)
