"""How the API's callers prove who they are: a user token, in the header, and nothing else.

No session and no cookie counts here: on a shared origin a CSRF refusal would log the SDK's user out.
"""

from uuid import UUID

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from projects.connected_users import connected_user
from projects.errors import TokenRefused
from projects.models import ConnectedUser
from projects.user_tokens import UserToken, verify_user_token


class UserTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <JWT>`; sets `request.user` to the ConnectedUser and `request.auth` to the UserToken."""

    def authenticate(self, request: Request) -> tuple[ConnectedUser, UserToken]:
        token = verify_user_token(bearer_token(request), project_id_of(request))
        return connected_user(token), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="isthmus"'


def bearer_token(request: Request) -> str:
    return token_in(request.headers.get("Authorization", ""))


def token_in(authorization: str) -> str:
    """The token of an `Authorization` header. Raises TokenRefused."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "bearer" or not encoded.strip():
        raise TokenRefused("token_missing", "Send the user token as `Authorization: Bearer <JWT>`.")
    return encoded.strip()


def project_id_of(request: Request) -> UUID:
    project_id: UUID = request.parser_context["kwargs"]["project_id"]
    return project_id


class UserTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The OpenAPI schema's word for it."""

    target_class = UserTokenAuthentication
    match_subclasses = True
    name = "userToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": (
                "The user token: a JWT that the app's back end signs with a signing key of the project. RS256; `sub` is "
                "the user's id in the app, `iat` and `exp` are required; `aud`, where present, is the project's id. For a "
                "try, the token generator in the dashboard's settings signs one in the browser."
            ),
        }
