"""What can go wrong between the SDK, the portal and us."""

from lib.errors import Conflict, IsthmusError, NotFound


class ConfigurationNotFound(NotFound):
    """This account has no such configuration."""

    code = "configuration_not_found"


class SeveralAccounts(Conflict):
    """The user has connected several accounts: name one in the X-Paragon-Credential header."""

    code = "several_accounts"


class DefaultConfiguration(Conflict):
    """The default configuration stays as long as the account is connected; disconnect the account instead."""

    code = "default_configuration"


class ConfigurationExists(Conflict):
    """This account already has a configuration with that external id."""

    code = "configuration_exists"


class TooManyConfigurations(Conflict):
    """This account has as many configurations as it may have; remove one first."""

    code = "too_many_configurations"


class IntegrationNotFound(NotFound):
    """There is no such integration in this project."""

    code = "integration_not_found"


class IntegrationInactive(Conflict):
    """The integration is switched off; an admin of the project switches it on in its settings."""

    code = "integration_inactive"


class WorkflowNotFound(NotFound):
    """There is no such deployed workflow in this project."""

    code = "workflow_not_found"


class ConnectsByLogin(IsthmusError):
    """This integration is connected by logging in there; there is nothing to save here."""

    code, status = "connects_by_login", 400


class OriginNotAllowed(IsthmusError):
    """This page's origin is not among the project's allowed origins."""

    code, status = "origin_not_allowed", 400


class BadRequest(IsthmusError):
    """The request's body does not have the shape that this call takes."""

    code, status = "bad_request", 400


class NotBuiltYet(IsthmusError):
    """This deployment of Isthmus does not answer this call yet."""

    code, status = "not_built_yet", 501
