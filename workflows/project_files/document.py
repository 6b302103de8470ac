"""What a project file says, read and checked as the dashboard's forms check what is typed into them; no database is asked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from integrations import budgeting
from integrations.errors import IntegrationIncomplete
from integrations.providers import registry
from integrations.providers.base import Provider
from lib import plain_yaml
from lib.plain_yaml import NotPlainYaml
from projects.forms import MAX_ORIGINS, MAX_PARKED_DAYS, MAX_TOKEN_HOURS
from projects.models import PayloadPolicy
from projects.origins import InvalidOrigin, parse_origin_pattern
from workflows.app_events.parsing import NotAnObject, parse_object
from workflows.definition.errors import DefinitionError, NotText
from workflows.definition.reading import Fields, items_of
from workflows.definition.schema import MAX_NAME
from workflows.editor.saving import canonical
from workflows.project_files import FORMAT
from workflows.project_files.errors import BadProjectFile
from workflows.project_files.unquoted import unquoted_values

MAX_ITEMS = 500
"""App Events, integrations or workflows in one list."""
MAX_PROJECT_NAME = 120
MAX_DESCRIPTION = 300
MAX_SETTING = 255
MAX_CLIENT = 512
_REFERENCE = re.compile(r"\$\{([A-Z][A-Z0-9_]{0,120})\}")


@dataclass(frozen=True, slots=True)
class EventEntry:
    """An App Event of the file. `pointer` is each entry's place in the file, a JSON pointer."""

    pointer: str
    name: str
    description: str
    example: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkflowEntry:
    """A workflow of the file; `definition` as drafts are stored."""

    pointer: str
    name: str
    description: str
    enabled_by_default: bool
    is_hidden: bool
    definition: dict[str, Any]


@dataclass(frozen=True, slots=True)
class IntegrationEntry:
    """An integration of the file. The references are names of environment variables, None where there is none."""

    pointer: str
    provider: Provider
    is_active: bool
    client_id_variable: str | None
    client_secret_variable: str | None
    scopes: list[str]
    settings: dict[str, Any]
    description: str
    overview: str
    api_reserve_percent: int | None
    workflows: tuple[WorkflowEntry, ...]


@dataclass(frozen=True, slots=True)
class ProjectDocument:
    """A project file. What is None is not in the file and stays as it is."""

    name: str
    allowed_origins: list[str] | None
    payload_policy: str | None
    max_token_hours: int | None
    parked_days: int | None
    app_events: tuple[EventEntry, ...]
    integrations: tuple[IntegrationEntry, ...]
    lines: plain_yaml.Document

    def place(self, pointer: str) -> str:
        """Where a value stands, for a sentence: "Line 12, integrations[0].scopes"."""
        return _place(self.lines.line_of(pointer), pointer)


def read_document(text: str) -> ProjectDocument:
    """Read a project file. Raises: BadProjectFile, whose sentences name line and path."""
    try:
        lines = plain_yaml.read(text)
    except NotPlainYaml as exc:
        _refuse([f"{_place(problem.line, problem.pointer)}: {problem.message}" for problem in exc.problems])
    try:
        document = _document(lines)
    except DefinitionError as exc:
        advice = " Put it in quotes if it is text." if isinstance(exc, NotText) else ""
        _refuse([f"{_place(lines.line_of(exc.pointer), exc.pointer)}: {exc.message}{advice}"])
    if unquoted := list(_unquoted(document)):
        _refuse(unquoted[: plain_yaml.MAX_PROBLEMS])
    return document


def _unquoted(document: ProjectDocument) -> Iterator[str]:
    for integration in document.integrations:
        for workflow in integration.workflows:
            for pointer, message in unquoted_values(workflow.definition, integration.provider):
                yield f"{document.place(workflow.pointer + pointer)}: {message} Put it in quotes."


def _refuse(problems: Sequence[str]) -> NoReturn:
    if len(problems) == 1:
        raise BadProjectFile(problems[0])
    raise BadProjectFile("The file is not valid.", problems=problems)


def _place(line: int, pointer: str) -> str:
    path = ""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        path += f"[{name}]" if name.isdigit() else f".{name}" if path else name
    return f"Line {line}, {path[:200]}" if path else f"Line {line}"


def _document(lines: plain_yaml.Document) -> ProjectDocument:
    if not isinstance(lines.value, Mapping):
        raise DefinitionError("", "The file must be a mapping with at least a `name`.")
    read = Fields(lines.value, "")
    wanted = read.take("format", FORMAT)
    if wanted != FORMAT or isinstance(wanted, bool):
        raise DefinitionError("/format", f"The file's format is {wanted!r:.40}; this Isthmus reads format {FORMAT}.")
    document = ProjectDocument(
        name=read.required_text("name", limit=MAX_PROJECT_NAME),
        allowed_origins=_origins(read),
        payload_policy=read.choice("payload_policy", PayloadPolicy.values)
        if _is_given(read, "payload_policy")
        else None,
        max_token_hours=read.integer("max_token_hours", None, least=1, most=MAX_TOKEN_HOURS),
        parked_days=read.integer("parked_days", None, least=1, most=MAX_PARKED_DAYS),
        app_events=tuple(_event(item, at) for item, at in _items(read, "app_events")),
        integrations=tuple(_integration(item, at) for item, at in _items(read, "integrations")),
        lines=lines,
    )
    read.end()
    _refuse_twice(((event.name, event.pointer) for event in document.app_events), "App Event")
    _refuse_twice(((entry.provider.name, entry.pointer) for entry in document.integrations), "integration")
    return document


def _is_given(read: Fields, name: str) -> bool:
    """Whether the file says something there; an empty value says nothing."""
    return read.take(name) is not None


def _items(read: Fields, name: str) -> Iterable[tuple[Any, str]]:
    return items_of(read.take(name, []), read.at(name), MAX_ITEMS)


def _refuse_twice(named: Iterable[tuple[str, str]], noun: str) -> None:
    places = list(named)
    counted = Counter(name for name, _ in places)
    for name, pointer in reversed(places):
        if counted[name] > 1:
            raise DefinitionError(pointer, f"The {noun} “{name}” stands twice in the file. Keep one of them.")


def _origins(read: Fields) -> list[str] | None:
    if not _is_given(read, "allowed_origins"):
        return None
    origins: list[str] = []
    for text, at in items_of(read.take("allowed_origins"), read.at("allowed_origins"), MAX_ORIGINS):
        try:
            origin = str(parse_origin_pattern(text))
        except InvalidOrigin as exc:
            raise DefinitionError(at, exc.message) from exc
        if origin not in origins:
            origins.append(origin)
    return origins


def _event(data: object, at: str) -> EventEntry:
    read = Fields(data, at)
    name = read.required_text("name", limit=MAX_NAME)
    event = EventEntry(at, name, _description(read, MAX_DESCRIPTION), _example(read))
    read.end()
    return event


def _description(read: Fields, limit: int) -> str:
    return read.text("description", "", limit=limit).strip()


def _example(read: Fields) -> dict[str, Any]:
    example = read.mapping("example")
    try:
        return parse_object(json.dumps(example, ensure_ascii=False))
    except NotAnObject as exc:  # its line is that of the JSON, which nobody has seen
        raise DefinitionError(read.at("example"), exc.message) from exc


def _integration(data: object, at: str) -> IntegrationEntry:
    read = Fields(data, at)
    provider = registry.provider(read.choice("provider", list(registry.providers())))
    entry = IntegrationEntry(
        pointer=at,
        provider=provider,
        is_active=read.flag("active", True),
        client_id_variable=_variable(read, "client_id", provider),
        client_secret_variable=_variable(read, "client_secret", provider),
        scopes=_scopes(read),
        settings=_settings(read, provider),
        description=_description(read, 200),
        overview=read.text("overview", "", limit=5_000).strip(),
        api_reserve_percent=read.integer("api_reserve_percent", None, least=0, most=budgeting.MAX_RESERVE_PERCENT),
        workflows=tuple(_workflow(item, where) for item, where in _items(read, "workflows")),
    )
    read.end()
    _refuse_twice(((workflow.name, workflow.pointer) for workflow in entry.workflows), "workflow")
    return entry


def variable_prefix(provider: Provider) -> str:
    """What names of environment variables that a file may refer to begin with: no file reads another variable."""
    return provider.key.upper().replace(".", "_") + "_"


def _variable(read: Fields, name: str, provider: Provider) -> str | None:
    """The variable that a reference names. A literal secret in the file is refused, and so is any other variable."""
    text = read.text(name, "", limit=200)
    if not text:
        return None
    found, prefix = _REFERENCE.fullmatch(text), variable_prefix(provider)
    if not found or not found[1].startswith(prefix):
        example = f"${{{prefix}{name.upper()}}}"
        message = f"“{name}” must refer to an environment variable whose name begins with {prefix}, like {example}."
        raise DefinitionError(read.at(name), message)
    if name == "client_id" and "SECRET" in found[1]:
        raise DefinitionError(read.at(name), f"{found[1]} is a secret, and a client id is shown to every browser.")
    return found[1]


def _scopes(read: Fields) -> list[str]:
    scopes = list(_items(read, "scopes"))
    for scope, at in scopes:
        if not isinstance(scope, str) or not scope.strip() or len(scope) > 100:
            raise DefinitionError(at, "A scope is a text of at most 100 characters.")
    return list(dict.fromkeys(scope.strip() for scope, _ in scopes))


def _settings(read: Fields, provider: Provider) -> dict[str, Any]:
    at = read.at("settings")
    given = Fields(read.mapping("settings"), at)
    chosen = {name: given.text(name, "", limit=MAX_SETTING) for name in given.data}
    try:
        checked = provider.checked_settings(provider.default_settings() | chosen)
    except IntegrationIncomplete as refused:
        raise DefinitionError(f"{at}/{refused.ids.get('field', '')}".rstrip("/"), refused.message) from refused
    known = Fields(chosen, at)
    for name in checked:
        known.take(name)
    known.end()
    return checked


def _workflow(data: object, at: str) -> WorkflowEntry:
    read = Fields(data, at)
    name, description = read.required_text("name", limit=MAX_NAME), _description(read, MAX_DESCRIPTION)
    own = {"enabled_by_default": read.flag("enabled_by_default", False), "hidden": read.flag("hidden", False)}
    definition = {key: value for key, value in read.data.items() if key not in read.known}
    try:
        stored = canonical(definition)
    except DefinitionError as exc:
        raise type(exc)(at + exc.pointer, f"The workflow “{name}” is not valid. {exc.message}") from exc
    return WorkflowEntry(at, name, description, own["enabled_by_default"], own["hidden"], stored)
