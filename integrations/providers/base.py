"""What a provider and its actions must be able to do; the rest of the product knows them only by these shapes.

A provider is a folder beside this file; an action is one file in its `actions/` folder that declares itself. Adding
either touches no other file: `registry` finds them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from uuid import UUID

if TYPE_CHECKING:
    from integrations.models import Credential, Integration
    from projects.models import Project

JSON = Any
"""A JSON value: str, number, bool, None, list or dict of them."""


MAX_WAIT_SECONDS: Final = 24 * 3600.0
"""A provider that asks for more is asked again after a day all the same."""


class ErrorClass(StrEnum):
    """What an error means for the run; the retry policy goes by it."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    UNKNOWN_OUTCOME = "unknown_outcome"
    CREDENTIAL = "credential"


@dataclass(frozen=True)
class InputChoice:
    value: str
    label: str


@dataclass(frozen=True)
class InputField:
    """One input of a step's form. `name` is a path into the step's inputs: "record_type", "fields.LastName"."""

    name: str
    label: str
    type: Literal[
        "text", "textarea", "number", "boolean", "date", "datetime", "select", "email", "url", "id", "record_type"
    ]
    required: bool = False
    help: str = ""
    choices: tuple[InputChoice, ...] = ()
    free_choice: bool = True
    """Whether other values than the choices (and variables) are allowed."""
    max_length: int | None = None
    takes_variables: bool = True
    group: str = ""
    """"": shown at once; "more": offered under "Add a field"."""


@dataclass(frozen=True)
class ActionProblem:
    """What is wrong with a step's inputs; `field` as InputField.name."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True)
class ActionCall:
    """One run's step, to be done. `inputs` are rendered: values, no placeholders."""

    run_id: UUID
    step_key: str
    inputs: Mapping[str, JSON]
    called_at: datetime | None = None
    """When an earlier try of this very call began whose answer never came; None: no such try. The action must find out
    what became of it (or be safe to repeat) before it sends anything."""
    repeated_at: datetime | None = None
    """When it was last sent again, or may have been, again without an answer; None: it was sent once."""


class OutcomeKind(StrEnum):
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The call may or may not have happened: the connection broke before the answer."""
    ASK = "ask"
    """Whether an earlier call happened can not be told apart: a person must decide."""


def bounded_wait(seconds: float) -> float | None:
    """The seconds that a provider asks us to wait, at most a day; None for what is no time to wait."""
    return min(max(seconds, 0.0), MAX_WAIT_SECONDS) if math.isfinite(seconds) else None


@dataclass(frozen=True)
class Outcome:
    """What became of one ActionCall."""

    kind: OutcomeKind
    output: JSON = None
    error: Mapping[str, JSON] | None = None
    """Shape: {"class": ErrorClass, "code": str, "message": str (the provider's words), "fields": [str], "status": int,
    "advice": str (what is behind it and what to do, ours; what happens to the run next its state says),
    "limit": "daily" where a count of the last 24 hours has to fall first}."""
    retry_after: float | None = None
    """Seconds that the provider asked us to wait; bounded here, whatever it said (bounded_wait)."""
    api_calls: float = 0.0
    """This run's share of the calls made; a group's shares add up to the calls."""
    note: str = ""
    """What the history should say besides: "Found the record that the interrupted call had created"."""
    counts_as_try: bool = True
    """False: nothing was tried, it was only too early."""
    was_sent: bool = True
    """False: this try sent nothing that may have happened, so that what was sent before is still the last."""

    def __post_init__(self) -> None:
        if self.retry_after is not None:
            object.__setattr__(self, "retry_after", bounded_wait(self.retry_after))


@dataclass
class Connection:
    """A live connection to one credential's account: tokens are refreshed inside, calls and limits are counted."""

    credential: Credential
    calls: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


class Action(ABC):
    """Something that a step can do at a provider."""

    key: ClassVar[str]
    """"create_record"; a step's type is "<provider key>.<action key>"."""
    title: ClassVar[str]
    description: ClassVar[str]
    icon: ClassVar[str]
    """A Tabler icon's name."""
    is_idempotent: ClassVar[bool] = False
    """Whether the same call twice has the effect of one; if not, the engine notes that a call begins before it does."""

    @abstractmethod
    def form(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> Sequence[InputField]:
        """The inputs to show, given what has been entered so far (the record type decides the fields)."""

    @abstractmethod
    def problems(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> Iterable[ActionProblem]:
        """What must be put right before the workflow may be deployed. Values may hold `{{ }}` templates."""

    @abstractmethod
    def sample_output(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> JSON:
        """An example of the step's output, for the variable menu and for checking paths."""

    @abstractmethod
    def group_key(self, inputs: Mapping[str, JSON]) -> str:
        """Calls with equal keys may go together in one request (for example "create:Lead")."""

    @abstractmethod
    def record_key(self, inputs: Mapping[str, JSON]) -> str | None:
        """The record that the call writes, if it names one: a group never holds two calls with the same."""

    @abstractmethod
    def run(self, calls: Sequence[ActionCall], connection: Connection, *, now: datetime) -> list[Outcome]:
        """Do all `calls` (equal group keys, at most 200), answering in their order. Never raises for a call's failure."""

    def summary(self, inputs: Mapping[str, JSON]) -> str:
        """One line for the step's card: "Create a Lead"."""
        return self.title


class ObjectSchemas(ABC):
    """The provider's record types, from an org's describe or from the built-in ones."""

    @abstractmethod
    def record_types(self) -> Sequence[InputChoice]: ...

    @abstractmethod
    def describe(self, record_type: str) -> Mapping[str, JSON] | None:
        """The describe of a record type; None if it is not known here."""

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the answers come from, in words: "Salesforce's standard objects" or an org's name."""

    @property
    def is_authoritative(self) -> bool:
        """Whether a field or record type that is not listed does not exist: true of an org, not of the built-in ones."""
        return False


@dataclass(frozen=True)
class AuthorizationRequest:
    """Where to send the end user, and the PKCE verifier to keep."""

    url: str
    code_verifier: str


@dataclass(frozen=True)
class Grant:
    """What a log-in gave."""

    access_token: str
    refresh_token: str
    provider_id: str
    provider_data: Mapping[str, JSON]


class Provider(ABC):
    """A kind of third-party app that we have code for."""

    key: ClassVar[str]
    name: ClassVar[str]
    description: ClassVar[str]
    brand_color: ClassVar[str]
    categories: ClassVar[tuple[str, ...]] = ()
    default_scopes: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def actions(self) -> Mapping[str, Action]: ...

    @abstractmethod
    def login_url(self, integration: Integration) -> str: ...

    @abstractmethod
    def default_settings(self) -> dict[str, JSON]:
        """What a new integration's `settings` hold."""

    @abstractmethod
    def checked_settings(self, chosen: Mapping[str, JSON]) -> dict[str, JSON]:
        """The settings as they are to be stored. Raises IntegrationIncomplete, with the `field` that is wrong in its ids."""

    @abstractmethod
    def explain_refusal(self, error: str, description: str) -> tuple[str, str]:
        """What the callback's `error` means: OAuthFailed's reason, and words for the end user."""

    @abstractmethod
    def authorization_request(
        self, integration: Integration, *, state: str, redirect_uri: str
    ) -> AuthorizationRequest: ...

    @abstractmethod
    def exchange_code(
        self, integration: Integration, *, code: str, code_verifier: str, redirect_uri: str, login_url: str
    ) -> Grant:
        """Trade the code for tokens and look up whose they are. Raises OAuthFailed, ProviderUnavailable."""

    @abstractmethod
    def connect(self, credential: Credential) -> Connection:
        """Open (or reuse) the pooled connection of a credential."""

    @abstractmethod
    def renew(self, credential: Credential) -> Grant:
        """Trade the refresh token for new tokens, and store nothing: `integrations.refreshing` sees to that, and to it that
        only one worker at a time does this. Raises CredentialRevoked, ClientRefused, ProviderUnavailable."""

    @abstractmethod
    def revoke(self, credential: Credential) -> None:
        """Tell the provider to forget our tokens; best effort, never raises."""

    @abstractmethod
    def schemas(self, project: Project, credential: Credential | None = None) -> ObjectSchemas: ...
