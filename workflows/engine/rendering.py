"""From a version's step and a run's history to the step's rendered inputs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from workflows.definition.inputs import empty_inputs
from workflows.definition.schema import Definition, Step, parse_definition
from workflows.definition.templates import Compiled, RenderError, RenderLimitExceeded, compile_value
from workflows.engine import passwords
from workflows.engine.rows import DueRun
from workflows.models import WorkflowVersion


@dataclass(frozen=True)
class PreparedVersion:
    """A frozen version, parsed and compiled once a process."""

    definition: Definition
    inputs: tuple[Compiled, ...]
    password_inputs: tuple[frozenset[str], ...]
    """Of each step: the inputs that read a password."""
    raw: Mapping[str, Any]
    """The definition as it is stored."""


@lru_cache(maxsize=512)
def stored_definition(version_id: int) -> Mapping[str, Any]:
    """Return a version's definition as it is stored, read once a process; also of one that can not be parsed any more."""
    # Versions never change, so their number in the table is a sufficient key.
    raw: Mapping[str, Any] = WorkflowVersion.objects.values_list("definition", flat=True).get(pk=version_id)
    return raw


@lru_cache(maxsize=512)
def _prepared(version_id: int) -> PreparedVersion:
    raw = stored_definition(version_id)
    definition = parse_definition(raw)
    inputs = tuple(compile_value(step.inputs) for step in definition.steps)
    password_inputs = tuple(passwords.inputs_that_read(definition, compiled) for compiled in inputs)
    return PreparedVersion(definition, inputs, password_inputs, raw)


def prepared(version_id: int) -> PreparedVersion:
    return _prepared(version_id)


def forget_prepared() -> None:
    """For tests, whose version numbers start anew."""
    _prepared.cache_clear()
    stored_definition.cache_clear()


@dataclass(frozen=True)
class RenderedStep:
    """A step's inputs as values; or `problem`, in words, when they can not be had."""

    inputs: dict[str, Any]
    warnings: list[dict[str, str]] = field(default_factory=list)
    problem: str = ""
    problem_fields: tuple[str, ...] = ()


def context_of(run: DueRun, outputs: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a template of this run may read: the roots of the template language."""
    return {
        "trigger": run.payload if run.input is None else run.input,
        "steps": outputs,
        "settings": settings,
        "user": {"id": run.user_external_id, "meta": run.user_meta},
        "run": {
            "id": str(run.id),
            "workflow": run.workflow_name,
            "version": run.version_number,
            "event_id": str(run.event_id),
            "received_at": run.received_at.isoformat(),
        },
    }


def render_step(
    compiled: Compiled, step: Step, context: Mapping[str, Any], *, password_inputs: Collection[str] = ()
) -> RenderedStep:
    """Render one step's inputs. A missing path is a warning, or the step's failure where its input is marked required.

    What is said of `password_inputs` quotes nothing of their values.
    """
    try:
        rendered = compiled.render(context)
    except (RenderError, RenderLimitExceeded) as exc:
        is_secret = exc.input in password_inputs
        return RenderedStep({}, problem=passwords.kept_problem(exc.path, exc.filter) if is_secret else str(exc))
    inputs: dict[str, Any] = dict(rendered.value) if isinstance(rendered.value, dict) else {}
    warnings = [{"path": each.path, "message": each.message, "input": each.input} for each in rendered.warnings]
    empty = tuple(empty_inputs(inputs, step.required_inputs))
    if empty:
        names = ", ".join(name.removeprefix("fields.") for name in empty)
        return RenderedStep(inputs, warnings, f"A value is required and came out empty: {names}.", empty)
    return RenderedStep(inputs, warnings)


def secrets_of(definition: Definition, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values of the user's password settings: sent where the builder put them, and never kept in history."""
    return tuple(
        value
        for each in definition.settings
        if each.type == "PASSWORD" and (value := settings.get(each.id)) and isinstance(value, str)
    )
