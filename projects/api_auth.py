"""How the API's callers prove who they are: a user token, in the header, and nothing else.

No session and no cookie counts here: on a shared origin a CSRF refusal would log the SDK's user out.
"""

from uuid import UUID

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from projects.connected_users import connected_user
from projects.models import ConnectedUser
from projects.user_tokens import UserToken, token_in, verify_user_token


class UserTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <JWT>`; sets `request.user` to the ConnectedUser and `request.auth` to the UserToken."""

    def authenticate(self, request: Request) -> tuple[ConnectedUser, UserToken]:
        token = verify_user_token(bearer_token(request), project_id_of(request))
        return connected_user(token), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="isthmus"'


def bearer_token(request: Request) -> str:
    return token_in(request.headers.get("Authorization", ""))


def project_id_of(request: Request) -> UUID:
    project_id: UUID = request.parser_context["kwargs"]["project_id"]
    return project_id
