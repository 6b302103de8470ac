"""Who may be logged in at Acme. A real app has passwords; here a visitor chooses who to be."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

COOKIE = "acme_user"


@dataclass(frozen=True)
class AcmeUser:
    id: str
    name: str
    company: str


USERS = (
    AcmeUser("ana@customer.example", "Ana Duarte", "Duarte Design"),
    AcmeUser("ben@customer.example", "Ben Okafor", "Okafor Tools"),
)


def logged_in_user(request: Request) -> AcmeUser:
    wanted = request.cookies.get(COOKIE, "")
    return find_user(wanted) or USERS[0]


def find_user(user_id: str) -> AcmeUser | None:
    return next((user for user in USERS if user.id == user_id), None)
