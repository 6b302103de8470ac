"""What the OAuth endpoints answer when they refuse."""


class OAuthError(Exception):
    """A refusal of the token, revoke or authorize endpoint: `error` and `error_description` of the body."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description

    def body(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}
