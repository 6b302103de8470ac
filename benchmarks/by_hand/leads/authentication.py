"""The user token: a JWT, RS256, that the app signs."""

from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

_public_key = load_pem_public_key(settings.USER_TOKEN_PUBLIC_KEY.encode())


@dataclass(frozen=True)
class TokenUser:
    id: str
    is_authenticated: bool = True


class UserTokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[TokenUser, None]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise AuthenticationFailed("Send the user token as a bearer token.")
        try:
            claims = jwt.decode(
                token, _public_key, algorithms=["RS256"], options={"require": ["sub", "iat", "exp"]}, leeway=60
            )
        except jwt.PyJWTError as exc:
            raise AuthenticationFailed(str(exc)) from exc
        return TokenUser(claims["sub"]), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
