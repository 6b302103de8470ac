"""What the OpenAPI schema says beside the views' own words: one address a call, sections, and what parameters are."""

import inspect
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from connect_portal.api.base import SdkView

Endpoint = tuple[str, str, str, Callable[..., Any]]
"""Path, path as a regular expression, method, view."""

ALIASES = ("/v2/projects/{project_id}/sdk/events/trigger",)
"""Second addresses of a call, which some versions of the SDK use: answered alike, and described once."""

TAGS = (
    ("Events", "Send App Events: what starts workflows."),
    ("Users", "The end user whom the token names, and the state of their integrations."),
    ("Integrations", "What the project offers to connect."),
    ("Workflows", "Switch workflows on and off for the user."),
    ("Accounts", "The user's accounts at a provider, and their configurations."),
    ("Log-in", "How the SDK brings the user to the provider's log-in page and back."),
)
_SECTIONS = (
    ("/sdk/events/", "Events"),
    ("/sdk/me", "Users"),
    ("/sdk/integrations", "Integrations"),
    ("/sdk/workflows/", "Workflows"),
    ("/sdk/credentials", "Accounts"),
    ("/sdk/actions/", "Log-in"),
)
_PARAMETERS = {
    "project_id": "The project's id, as the integration's Overview shows it.",
    "workflow_id": "A deployed workflow's id.",
    "credential_id": "The account's id, or `ext:` and the app's own id for it.",
    "integration_id": "The integration's id.",
    "session_id": "The `oauthMetaKeyId` that the log-in was started with.",
}


def leave_out_aliases(endpoints: list[Endpoint]) -> list[Endpoint]:
    """drf-spectacular's preprocessing hook."""
    return [endpoint for endpoint in endpoints if endpoint[0] not in ALIASES]


def put_in_order(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's postprocessing hook: sections, the words that are the same everywhere, none that mean nothing."""
    result["tags"] = [{"name": name, "description": description} for name, description in TAGS]
    for path, operations in result["paths"].items():
        for operation in operations.values():
            operation["tags"] = [_section(path)]
            _put_in_words(operation)
    order = [name for name, _ in TAGS]
    result["paths"] = dict(
        sorted(result["paths"].items(), key=lambda entry: (order.index(_section(entry[0])), entry[0]))
    )
    return result


def _section(path: str) -> str:
    return next(section for part, section in _SECTIONS if part in path)


def _put_in_words(operation: dict[str, Any]) -> None:
    if operation.get("description") == inspect.getdoc(SdkView):
        del operation["description"]  # of the class that all views share: it says nothing about this one
    parameters = operation.get("parameters", [])
    parameters.sort(key=lambda parameter: parameter["in"] != "path")
    for parameter in parameters:
        if parameter["in"] == "path" and not parameter.get("description"):
            parameter["description"] = _PARAMETERS[parameter["name"]]
    for status, response in operation["responses"].items():
        response["description"] = response.get("description") or HTTPStatus(int(status)).phrase
    for content in _contents(operation):
        if len(content.get("examples", {})) == 1:
            [only] = content.pop("examples").values()
            content["example"] = only["value"]


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from body.get("content", {}).values()


class UserTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The OpenAPI schema's word for it."""

    target_class = "projects.api_auth.UserTokenAuthentication"
    match_subclasses = True
    name = "userToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": (
                "The user token: a JWT that the app's back end signs with a signing key of the project. RS256; `sub` is "
                "the user's id in the app; `iat` and `exp`, in seconds, are required and at most 24 hours apart, or what the "
                "project's settings say; `aud`, where present, is the project's id. For a try, the token generator in the "
                "dashboard's settings signs one in the browser."
            ),
        }
