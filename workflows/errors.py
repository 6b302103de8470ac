"""What can go wrong with workflows, events and runs."""

from lib.errors import Conflict, Invalid, IsthmusError, NotFound


class BadEvent(IsthmusError):
    """The request's body is not an event."""

    code, status = "bad_event", 400


class UnknownAppEvent(NotFound):
    """There is no App Event of that name in this project."""

    code = "unknown_app_event"


class IdempotencyConflict(Conflict):
    """This Idempotency-Key was used with another body; send a new key with a new event."""

    code = "idempotency_conflict"


class PayloadRejected(Invalid):
    """The payload does not have the shape of the App Event's example, and this project rejects such events."""

    code = "payload_rejected"


class NotDeployable(Invalid):
    """The workflow can not be deployed yet."""

    code = "not_deployable"


class DraftConflict(Conflict):
    """Somebody else saved this workflow since you opened it. Reload to see their changes."""

    code = "draft_conflict"


class NothingToDeploy(Conflict):
    """The draft is what runs already, so there is nothing to deploy."""

    code = "nothing_to_deploy"


class StillDeployed(Conflict):
    """The workflow has a live version; undeploy it first."""

    code = "still_deployed"


class NameTaken(Invalid):
    """There is one of that name already."""

    code = "name_taken"


class AppEventInUse(Conflict):
    """Workflows start with this App Event; choose another one there first."""

    code = "app_event_in_use"


class LeaseLost(IsthmusError):
    """The lane is another worker's by now: write nothing more."""

    code = "lease_lost"


class WorkflowNotDeployed(Conflict):
    """The workflow is not deployed, so it can not be switched on."""

    code = "workflow_not_deployed"


class SettingMissing(Invalid):
    """A required user setting has no value yet; `missing` names what is to be filled in."""

    code = "setting_missing"
